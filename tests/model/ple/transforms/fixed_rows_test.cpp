// zero_layers, mean_layers, shared.
#include <gtest/gtest.h>

#include "tests/support/ple_table.h"
#include "tests/support/value_table.h"

namespace plelab {
namespace fixed_rows_test {

constexpr PleGeometry kGeometry{.vocab = 40, .layers = 4, .dim = 6, .dtype = DType::kFloat32};

std::vector<float> MeanRow(const ValueTable& table, int64_t layer) {
  std::vector<float> mean;
  for (int64_t d = 0; d < kGeometry.dim; ++d) {
    double sum = 0;
    for (int64_t row = 0; row < kGeometry.vocab; ++row) sum += table.Row(row, layer)[d];
    mean.push_back(static_cast<float>(sum / kGeometry.vocab));
  }
  return mean;
}

TEST(FixedRows, ZeroLayersAreZeroAndTheOthersUntouched) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("resident,transform=zero_layers,layers=0+2-3");
  for (int64_t id : {0, 7, 39}) {
    for (int64_t layer : {0, 2, 3})
      EXPECT_EQ(table.RowOf(*source, id, layer), std::vector<float>(6)) << layer;
    EXPECT_EQ(table.RowOf(*source, id, 1), table.Row(id, 1));
  }
}

TEST(FixedRows, MeanLayersGiveTheMeanOfAllRows) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("disk,transform=mean_layers,layers=1");
  EXPECT_EQ(table.RowOf(*source, 5, 1), MeanRow(table, 1));
  EXPECT_EQ(table.RowOf(*source, 6, 1), MeanRow(table, 1));
  EXPECT_EQ(table.RowOf(*source, 5, 0), table.Row(5, 0));
}

TEST(FixedRows, SharedIsTheMeanInEveryLayer) {
  const ValueTable table(kGeometry);
  const auto shared = table.Make("resident,transform=shared");
  for (int64_t layer = 0; layer < 4; ++layer) {
    EXPECT_EQ(table.RowOf(*shared, -1, layer), MeanRow(table, layer));
    EXPECT_EQ(table.RowOf(*shared, 17, layer), MeanRow(table, layer));
  }
}

TEST(FixedRows, MeansAreRoundedOnceToTheTablesDtype) {
  const PleGeometry geometry{.vocab = 2, .layers = 1, .dim = 1, .dtype = DType::kBFloat16};
  // The mean of 1 and 1 + 1/64 is 1 + 1/128, which bfloat16 represents.  That of 1 and 1 + 1/128 lies halfway
  // between two bfloat16 values and is rounded to the even one, 1.
  for (const auto& [other, mean] : {std::pair{1 + 1.0f / 64, 1 + 1.0f / 128}, {1 + 1.0f / 128, 1.0f}}) {
    const ValueTable table(geometry, {1.0f, other});
    EXPECT_EQ(table.RowOf(*table.Make("resident,transform=shared"), 0, 0), std::vector<float>{mean});
  }
}

TEST(FixedRows, TakeTheBytesOfTheRowsThatAreLeft) {
  const auto bytes = [](const char* spec) {
    return FootprintOf(ParsePleSpec(spec), TableOf(kGeometry)).table_bytes;
  };
  const int64_t row = 6 * 4;
  EXPECT_EQ(bytes("resident"), 40 * 4 * row);
  EXPECT_EQ(bytes("resident,transform=zero_layers,layers=0-2"), 40 * row);
  EXPECT_EQ(bytes("resident,transform=mean_layers,layers=0-2"), (40 + 3) * row);
  EXPECT_EQ(bytes("disk,transform=shared"), 4 * row);
}

}  // namespace fixed_rows_test
}  // namespace plelab
