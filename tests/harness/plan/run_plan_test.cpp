// Who is compared with whom, and in which order they run.
#include "harness/plan/run_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "harness/measure/repetition.h"

namespace plelab {
namespace {

using ::testing::ElementsAre;

ExperimentConfig TwoDTypes() {
  ExperimentConfig config;
  const auto add = [&](const char* name, const char* ple, DType dtype) {
    VariantConfig variant;
    variant.name = name;
    variant.ple = ParsePleSpec(ple);
    variant.model.dtype = dtype;
    config.variants.push_back(variant);
  };
  add("dropped@16", "dropped", DType::kBFloat16);
  add("resident@16", "resident", DType::kBFloat16);
  add("resident@32", "resident", DType::kFloat32);
  add("disk@16", "disk", DType::kBFloat16);
  return config;
}

TEST(RunPlan, VariantsOfOneModelAndWorkloadShareABaseline) {
  const auto groups = GroupVariants(TwoDTypes());
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_THAT(groups[0].variants, ElementsAre(0, 1, 3));
  EXPECT_EQ(groups[0].baseline, 1) << "the first exact one";
  EXPECT_THAT(groups[1].variants, ElementsAre(2));

  const auto rows = VariantRows(TwoDTypes());
  EXPECT_EQ(rows[0].baseline, "resident@16");
  EXPECT_EQ(rows[2].baseline, "resident@32");
  EXPECT_EQ(rows[3].strategy, "disk");
  EXPECT_EQ(rows[0].exact, 0);
  EXPECT_EQ(rows[3].exact, 1);
  EXPECT_NE(rows[3].options_json.find("\"backend\":\"pread\""), std::string::npos) << rows[3].options_json;
}

TEST(RunPlan, AGroupOfAblationsHasNoBaseline) {
  ExperimentConfig config;
  config.variants.push_back({"dropped", ParsePleSpec("dropped"), {}, {}});
  EXPECT_EQ(GroupVariants(config).at(0).baseline, -1);
  EXPECT_EQ(VariantRows(config).at(0).baseline, "");
}

TEST(RunPlan, AbbaGoesForwardThenBackwardThenRotates) {
  const DesignSection design;
  EXPECT_THAT(OrderOfStep(design, 3, 0, 0), ElementsAre(0, 1, 2));
  EXPECT_THAT(OrderOfStep(design, 3, 0, 1), ElementsAre(2, 1, 0));
  EXPECT_THAT(OrderOfStep(design, 3, 0, 2), ElementsAre(1, 2, 0));
  EXPECT_THAT(OrderOfStep(design, 3, 0, 3), ElementsAre(0, 2, 1));
  EXPECT_THAT(OrderOfStep(design, 3, 1, 0), ElementsAre(1, 2, 0)) << "another repetition starts elsewhere";
}

TEST(RunPlan, AbbaGivesEveryVariantEveryPlaceEquallyOften) {
  const DesignSection design;
  const int64_t n = 5;
  std::vector<std::vector<int64_t>> count(n, std::vector<int64_t>(n, 0));
  for (int64_t step = 0; step < 2 * n; ++step) {
    const auto order = OrderOfStep(design, n, 0, step);
    for (int64_t place = 0; place < n; ++place) ++count[order[place]][place];
  }
  for (const auto& places : count) EXPECT_THAT(places, ::testing::Each(2));
}

TEST(RunPlan, ShufflesAreKnownAndDifferByStream) {
  EXPECT_EQ(ShuffledOrder(6, 1, 2), ShuffledOrder(6, 1, 2));
  std::set<std::vector<int64_t>> seen;
  for (int64_t stream = 0; stream < 20; ++stream) {
    auto order = ShuffledOrder(6, 1, stream);
    seen.insert(order);
    std::sort(order.begin(), order.end());
    EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5));
  }
  EXPECT_GT(seen.size(), 15u);
}

}  // namespace
}  // namespace plelab
