#include "model/ple/transforms/zero_soft.h"

#include <gtest/gtest.h>

#include "tests/support/ple_table.h"
#include "tests/support/value_table.h"

namespace plelab {
namespace zero_soft_test {

constexpr PleGeometry kGeometry{.vocab = 40, .layers = 3, .dim = 6, .dtype = DType::kFloat32};

TEST(ZeroSoft, IdsOutsideTheTableReadZerosAndTokensTheirRows) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("resident,transform=zero_soft");
  for (int64_t layer = 0; layer < kGeometry.layers; ++layer) {
    for (const int64_t soft : {-1, 40, 8'193}) {
      EXPECT_NE(table.RowOf(*table.Make("resident"), soft, layer), std::vector<float>(6));
      EXPECT_EQ(table.RowOf(*source, soft, layer), std::vector<float>(6)) << soft;
    }
    for (const int64_t id : {1, 17, 39}) EXPECT_EQ(table.RowOf(*source, id, layer), table.Row(id, layer));
  }
}

TEST(ZeroSoft, TheTableStaysAsLargeAsItIs) {
  EXPECT_EQ(FootprintOf(ParsePleSpec("disk,transform=zero_soft"), TableOf(kGeometry)).table_bytes,
            kGeometry.table_bytes());
}

}  // namespace zero_soft_test
}  // namespace plelab
