// Whatever the transform, a row of a request of many is what it is alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/value_table.h"

namespace plelab {
namespace many_rows_test {

constexpr PleGeometry kGeometry{.vocab = 40, .layers = 3, .dim = 8, .dtype = DType::kFloat32};

class ManyRows : public ::testing::TestWithParam<const char*> {};

TEST_P(ManyRows, AreThoseOfOneEach) {
  const ValueTable table(kGeometry);
  const auto source = table.Make(GetParam());
  const std::vector<int64_t> ids = {7, 31, 7, 0, 12};
  for (int64_t layer = 0; layer < kGeometry.layers; ++layer) {
    const auto together = source->Begin(ids);
    const std::vector<float> rows = table.Values(*together, layer);
    ASSERT_EQ(rows.size(), ids.size() * kGeometry.dim);
    for (size_t i = 0; i < ids.size(); ++i) {
      const std::vector<float> row(rows.begin() + i * kGeometry.dim, rows.begin() + (i + 1) * kGeometry.dim);
      EXPECT_EQ(row, table.RowOf(*source, ids[i], layer)) << "row " << i << ", layer " << layer;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, ManyRows,
                         ::testing::Values("resident,transform=low_rank,rank=2", "resident,transform=int8",
                                           "resident,transform=int4", "resident,transform=codebook,entries=5",
                                           "resident,transform=shared", "resident,transform=shuffled",
                                           "resident,transform=mean_layers,layers=1",
                                           "resident,transform=zero_layers,layers=1",
                                           "disk,transform=low_rank,rank=1"));

}  // namespace many_rows_test
}  // namespace plelab
