#include "model/text/sampler.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>
#include <set>
#include <vector>

#include "model/base/error.h"

namespace plelab {
namespace sampler_test {

torch::Tensor Probabilities(std::vector<float> p) { return torch::tensor(p).log(); }

std::map<int64_t, int> Draw(const SamplerOptions& options, const torch::Tensor& logits, int draws) {
  Sampler sampler(options);
  std::map<int64_t, int> counts;
  for (int i = 0; i < draws; ++i) ++counts[sampler.Sample(logits)];
  return counts;
}

TEST(Sampler, GreedyIsTheFirstLargestLogit) {
  EXPECT_EQ(Sampler({}).Sample(torch::tensor({0.0f, 3.0f, -1.0f, 3.0f})), 1);
}

TEST(Sampler, TopKOfOneIsGreedy) {
  torch::manual_seed(0);
  Sampler sampler({.temperature = 1.5, .top_k = 1});
  for (int i = 0; i < 20; ++i) {
    const auto logits = torch::randn({1000});
    EXPECT_EQ(sampler.Sample(logits), logits.argmax().item<int64_t>());
  }
}

TEST(Sampler, DrawsInProportion) {
  const auto counts = Draw({.temperature = 1, .seed = 3}, Probabilities({0.5f, 0.3f, 0.2f}), 20000);
  EXPECT_NEAR(counts.at(0) / 20000.0, 0.5, 0.015);
  EXPECT_NEAR(counts.at(1) / 20000.0, 0.3, 0.015);
  EXPECT_NEAR(counts.at(2) / 20000.0, 0.2, 0.015);
}

TEST(Sampler, TemperatureSharpens) {
  // p ∝ 0.6², 0.4².
  const auto counts = Draw({.temperature = 0.5, .seed = 4}, Probabilities({0.6f, 0.4f}), 20000);
  EXPECT_NEAR(counts.at(0) / 20000.0, 0.36 / 0.52, 0.015);
}

TEST(Sampler, TopKKeepsTheBestK) {
  const auto counts =
      Draw({.temperature = 1, .top_k = 2, .seed = 5}, Probabilities({0.1f, 0.4f, 0.2f, 0.3f}), 5000);
  EXPECT_EQ(counts.size(), 2u);
  EXPECT_NEAR(counts.at(1) / 5000.0, 4.0 / 7.0, 0.03);
  EXPECT_TRUE(counts.contains(3));
}

TEST(Sampler, TopPKeepsTheFewestThatReachTheMass) {
  const auto logits = Probabilities({0.1f, 0.4f, 0.2f, 0.3f});
  const auto ids = [&](double top_p) {
    std::set<int64_t> seen;
    for (const auto& [id, count] : Draw({.temperature = 1, .top_p = top_p, .seed = 6}, logits, 3000))
      seen.insert(id);
    return seen;
  };
  EXPECT_EQ(ids(0.3), (std::set<int64_t>{1}));      // the best alone reaches 0.3
  EXPECT_EQ(ids(0.65), (std::set<int64_t>{1, 3}));  // 0.4 + 0.3
  EXPECT_EQ(ids(0.75), (std::set<int64_t>{1, 2, 3}));
  EXPECT_EQ(ids(1.0), (std::set<int64_t>{0, 1, 2, 3}));
}

TEST(Sampler, TopKComesBeforeTopP) {
  // Of the best two, 4/7 and 3/7, the first alone reaches half of the mass; of all four it would not.
  const auto counts = Draw({.temperature = 1, .top_k = 2, .top_p = 0.5, .seed = 7},
                           Probabilities({0.1f, 0.4f, 0.2f, 0.3f}), 500);
  EXPECT_EQ(counts.size(), 1u);
  EXPECT_EQ(counts.at(1), 500);
}

TEST(Sampler, TheSeedDecides) {
  torch::manual_seed(1);
  const auto logits = torch::randn({500});
  const auto sequence = [&](uint64_t seed) {
    Sampler sampler({.temperature = 1, .top_k = 50, .top_p = 0.9, .seed = seed});
    std::vector<int64_t> ids;
    for (int i = 0; i < 50; ++i) ids.push_back(sampler.Sample(logits));
    return ids;
  };
  EXPECT_EQ(sequence(1), sequence(1));
  EXPECT_NE(sequence(1), sequence(2));
}

TEST(Sampler, RefusesWhatMeansNothing) {
  EXPECT_THROW(Sampler({.temperature = -1}), UserError);
  EXPECT_THROW(Sampler({.temperature = NAN}), UserError);
  EXPECT_THROW(Sampler({.top_k = -1}), UserError);
  EXPECT_THROW(Sampler({.top_p = 0}), UserError);
  EXPECT_THROW(Sampler({.top_p = 1.01}), UserError);
  EXPECT_THROW(Sampler({}).Sample(torch::tensor({0.0f, NAN})), RunError);
}

// The draw is the first 53 bits of the generator as a fraction, so that it is the same everywhere.
TEST(Sampler, DrawsWhereTheGeneratorsBitsSay) {
  Sampler sampler({.temperature = 0.7, .seed = 12});
  std::mt19937_64 generator(12);
  const auto level = torch::zeros({1000});
  for (int i = 0; i < 50; ++i) {
    const double uniform = std::ldexp(static_cast<double>(generator() >> 11), -53);
    EXPECT_EQ(sampler.Sample(level), static_cast<int64_t>(uniform * 1000)) << i;
  }
}

TEST(Sampler, TakesTheLimitsOfItsOptionsAndNothingBehind) {
  const auto logits = Probabilities({0.1f, 0.4f, 0.2f, 0.3f});
  for (const int64_t k : {0, 4, 5}) {
    EXPECT_EQ(Draw({.temperature = 1, .top_k = k, .top_p = 1, .seed = 8}, logits, 500).size(), 4u) << k;
  }
  EXPECT_EQ(Draw({.temperature = 1, .top_k = 3, .seed = 8}, logits, 500).size(), 3u);
  EXPECT_THROW(Sampler({.temperature = INFINITY}), UserError);
  EXPECT_THROW(Sampler({.top_p = NAN}), UserError);
  EXPECT_THROW(Sampler({.top_p = -0.5}), UserError);
  EXPECT_THROW(Sampler({}).Sample(torch::zeros({1, 3})), RunError);
  EXPECT_THROW(Sampler({}).Sample(torch::zeros({0})), RunError);
  EXPECT_THROW(Sampler({}).Sample(torch::zeros({3}, torch::kFloat64)), RunError);
  const auto strided = torch::tensor({{0.0f, 9.0f}, {1.0f, 9.0f}, {5.0f, 9.0f}}).select(1, 0);
  EXPECT_EQ(Sampler({}).Sample(strided), 2);
}

TEST(LikeliestIds, AreTheFirstOfASortedList) {
  const auto logits = torch::randint(-40, 40, {300}, torch::kFloat32);
  const auto order = std::get<1>(logits.sort(/*stable=*/true, 0, /*descending=*/true));
  for (const int64_t count : {0, 1, 7, 300, 400}) {
    const std::vector<int64_t> ids = LikeliestIds(logits, count);
    ASSERT_EQ(std::ssize(ids), std::min<int64_t>(count, 300));
    for (size_t i = 0; i < ids.size(); ++i)
      EXPECT_EQ(ids[i], order[static_cast<int64_t>(i)].item<int64_t>()) << i;
  }
  EXPECT_THROW(LikeliestIds(torch::zeros({1, 3}), 1), RunError);
}

// Equal logits: the smaller ids are kept.
TEST(Sampler, TiesGoToTheSmallerIds) {
  for (const auto& [id, count] : Draw({.temperature = 1, .top_k = 3, .seed = 9}, torch::zeros({50}), 300)) {
    EXPECT_LT(id, 3);
  }
  for (const auto& [id, count] :
       Draw({.temperature = 1, .top_p = 0.09, .seed = 9}, torch::zeros({50}), 300)) {
    EXPECT_LT(id, 5);
  }
}

}  // namespace sampler_test
}  // namespace plelab
