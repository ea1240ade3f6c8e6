#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "tests/support/value_table.h"

namespace plelab {
namespace random_rows_test {

constexpr PleGeometry kGeometry{.vocab = 60, .layers = 3, .dim = 16, .dtype = DType::kFloat32};

double Dot(const std::vector<float>& a, const std::vector<float>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

TEST(RandomRows, KeepTheNormOfEachRowInEachLayer) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("resident,transform=random");
  for (int64_t id = 0; id < kGeometry.vocab; ++id) {
    for (int64_t layer = 0; layer < kGeometry.layers; ++layer) {
      const auto row = table.Row(id, layer), random = table.RowOf(*source, id, layer);
      EXPECT_NEAR(std::sqrt(Dot(random, random)), std::sqrt(Dot(row, row)), 1e-5);
    }
  }
}

TEST(RandomRows, PointInUnrelatedDirections) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("resident,transform=random");
  double mean_cosine = 0, mean_square = 0;
  int64_t n = 0;
  for (int64_t id = 1; id < kGeometry.vocab; ++id) {
    for (int64_t layer = 0; layer < kGeometry.layers; ++layer, ++n) {
      const auto random = table.RowOf(*source, id, layer);
      for (const auto& other : {table.Row(id, layer), table.RowOf(*source, id - 1, layer),
                                table.RowOf(*source, id, (layer + 1) % 3)}) {
        const double cosine = Dot(random, other) / std::sqrt(Dot(random, random) * Dot(other, other));
        mean_cosine += cosine / 3;
        mean_square += cosine * cosine / 3;
      }
    }
  }
  // Cosines between isotropic directions have mean 0 and mean square 1 / dim.
  EXPECT_NEAR(mean_cosine / static_cast<double>(n), 0, 0.05);
  EXPECT_NEAR(mean_square / static_cast<double>(n), 1.0 / 16, 0.02);
}

TEST(RandomRows, AreTheSameForTheSameTokenAndSeed) {
  const ValueTable table(kGeometry);
  const auto source = table.Make("resident,transform=random,seed=3");
  const std::vector<int64_t> ids = {8, 2, 8};
  const auto request = source->Begin(ids);
  const std::vector<float> values = table.Values(*request, 1);
  EXPECT_EQ(std::vector(values.begin(), values.begin() + 16), std::vector(values.begin() + 32, values.end()));
  EXPECT_EQ(table.RowOf(*table.Make("disk,transform=random,seed=3"), 8, 1), table.RowOf(*source, 8, 1));
  EXPECT_NE(table.RowOf(*table.Make("disk,transform=random,seed=4"), 8, 1), table.RowOf(*source, 8, 1));
}

TEST(RandomRows, ARowOfZerosStaysOne) {
  const ValueTable table(kGeometry, std::vector<float>(60 * 3 * 16));
  EXPECT_EQ(table.RowOf(*table.Make("resident,transform=random"), 4, 0), std::vector<float>(16));
}

}  // namespace random_rows_test
}  // namespace plelab
