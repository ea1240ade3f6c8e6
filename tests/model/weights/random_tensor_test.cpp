#include "model/weights/random_tensor.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tests/support/temporary_folder.h"

namespace plelab {
namespace random_tensor_test {

TensorSpec Matrix(const std::string& name, int64_t rows, int64_t columns) {
  return MakeSpec(name, {rows, columns}, ParameterGroup::kTextStack);
}

std::vector<float> Draw(uint64_t seed, const TensorSpec& spec) {
  std::vector<float> values(spec.elements());
  RandomTensor(seed, spec).Fill(0, values);
  return values;
}

// Mean and standard deviation.
std::pair<double, double> Moments(const std::vector<float>& values) {
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const float value : values) squares += (value - mean) * (value - mean);
  return {mean, std::sqrt(squares / n)};
}

// Recipe: scripts/reference/random_tensor.py, which uses only numpy.
TEST(RandomTensor, EqualsTheNumpyReferenceBitForBit) {
  const auto cases = nlohmann::json::parse(testing::ReadText("tests/data/random_tensor.json"));
  ASSERT_EQ(cases.size(), 4u);
  for (const auto& item : cases) {
    TensorSpec spec;
    spec.name = item["name"];
    spec.shape.assign(item["dimensions"].get<size_t>(), 1);
    spec.fan_in = item["fan_in"];
    const RandomTensor random(item["seed"].get<uint64_t>(), spec);
    std::vector<float> floats(8);
    std::vector<uint16_t> bfloats(8);
    random.Fill(item["first"].get<int64_t>(), floats);
    random.FillBFloat16(item["first"].get<int64_t>(), bfloats);
    for (size_t i = 0; i < 8; ++i) {
      EXPECT_EQ(std::bit_cast<uint32_t>(floats[i]), item["float32_bits"][i].get<uint32_t>())
          << spec.name << " " << i;
      EXPECT_EQ(bfloats[i], item["bfloat16_bits"][i].get<uint16_t>()) << spec.name << " " << i;
    }
  }
}

TEST(RandomTensor, AnyPieceAloneIsAPieceOfTheWhole) {
  const TensorSpec spec = Matrix("w", 37, 101);
  const std::vector<float> whole = Draw(3, spec);
  const RandomTensor random(3, spec);
  for (const int64_t piece : {1, 7, 64, 1000}) {
    std::vector<float> pieces(whole.size());
    for (int64_t first = 0; first < spec.elements(); first += piece) {
      const auto count = static_cast<size_t>(std::min(piece, spec.elements() - first));
      random.Fill(first, std::span(pieces).subspan(first, count));
    }
    EXPECT_EQ(pieces, whole) << "in pieces of " << piece;
  }
}

TEST(RandomTensor, MatricesHaveStdOneOverRootFanIn) {
  const auto [mean, std] = Moments(Draw(0, Matrix("model.layers.0.mlp.up_proj.weight", 1024, 256)));
  EXPECT_NEAR(mean, 0, 1e-3);
  EXPECT_NEAR(std, 1 / std::sqrt(256.0), 2e-4);
}

TEST(RandomTensor, NormsAndScalesAreAroundOneAndBiasesAroundZero) {
  const auto norm = Moments(Draw(0, MakeSpec("model.norm.weight", {100'000}, ParameterGroup::kTextStack)));
  const auto bias = Moments(Draw(0, MakeSpec("conv.bias", {100'000}, ParameterGroup::kVisionTower)));
  EXPECT_NEAR(norm.first, 1, 1e-3);
  EXPECT_NEAR(norm.second, std::sqrt(21845.0) / 2048, 1e-3);
  EXPECT_NEAR(bias.first, 0, 1e-3);
}

TEST(RandomTensor, SeedsAndNamesDrawUnrelatedValues) {
  const std::vector<float> a = Draw(0, Matrix("a", 256, 256));
  for (const auto& [seed, name] : {std::pair<uint64_t, std::string>{1, "a"}, {0, "b"}}) {
    const std::vector<float> other = Draw(seed, Matrix(name, 256, 256));
    const double products = std::inner_product(a.begin(), a.end(), other.begin(), 0.0);
    const double squares = std::inner_product(a.begin(), a.end(), a.begin(), 0.0);
    EXPECT_LT(std::abs(products / squares), 0.02);  // five standard deviations of 65,536 independent pairs
  }
}

// Every 2³² elements have a key of their own.
TEST(RandomTensor, APieceMayCrossABlockOfKeys) {
  const RandomTensor random(9, Matrix("w", 1, 1));
  constexpr int64_t kBlock = int64_t{1} << 32;
  std::vector<float> together(8), alone(8), start(8);
  random.Fill(kBlock - 3, together);
  for (size_t i = 0; i < 8; ++i)
    random.Fill(kBlock - 3 + static_cast<int64_t>(i), std::span(alone).subspan(i, 1));
  EXPECT_EQ(together, alone);
  random.Fill(0, start);
  EXPECT_FALSE(std::equal(together.begin() + 3, together.end(), start.begin())) << "another key";
}

}  // namespace random_tensor_test
}  // namespace plelab
