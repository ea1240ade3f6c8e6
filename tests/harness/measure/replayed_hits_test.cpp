// The caches of a run lie on the curve of their replay: the same policy on the same tokens.
#include "harness/measure/replayed_hits.h"

#include <gtest/gtest.h>

#include <map>

#include "model/base/format.h"
#include "model/checkpoint/checkpoint.h"
#include "model/ple/policies/cache_policies.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace replayed_hits_test {

constexpr int64_t kRows = 16;  // the least capacity of the curve

TEST(ReplayedHits, EveryLiveCacheLiesOnTheCurveOfItsPolicy) {
  const testing::TinyRun tiny;
  const int64_t row_bytes = Checkpoint::Open(tiny.checkpoint()).ple_table().row_bytes();
  std::string variants = "  - {name: resident, ple: {strategy: resident}}\n";
  std::map<std::string, std::string> series_of;
  for (const CachePolicyRow& policy : CachePolicies()) {
    if (policy.learns) continue;
    for (const char* initial : {"empty", "warmed"}) {
      const std::string name = Format("{}_{}", policy.name, initial);
      series_of[name] = Format("{}{}", policy.name, initial == std::string("warmed") ? "_warmed" : "");
      variants +=
          Format("  - {{name: {}, ple: {{strategy: cached, capacity: {}B, policy: {}, initial: {}}}}}\n",
                 name, kRows * row_bytes, policy.name, initial);
    }
  }
  const auto config = tiny.Config(testing::kInProcess, variants, "", ", warm_tokens: 60");
  const RunResult result = plelab::Run(config, tiny.Options());
  const auto curve = std::ranges::find(result.record.curves, kReplayedHits, &Curve::name);
  ASSERT_NE(curve, result.record.curves.end());
  std::map<std::string, std::pair<int64_t, int64_t>> live;  // hits and lookups of the measured steps
  for (const StepRow& step : result.record.steps) {
    live[step.variant].first += step.hits;
    live[step.variant].second += step.lookups;
  }
  int64_t compared = 0;
  double most = 0;
  for (const auto& [name, series] : series_of) {
    for (const CurveRow& row : curve->rows) {
      if (row.series != series || row.label != std::to_string(kRows)) continue;
      EXPECT_DOUBLE_EQ(row.y, static_cast<double>(live[name].first) / static_cast<double>(live[name].second))
          << name;
      most = std::max(most, row.y);
      ++compared;
    }
  }
  EXPECT_EQ(compared, std::ssize(series_of));
  EXPECT_GT(most, 0.1) << "caches that hit nothing would agree with anything";
  for (const CurveRow& row : curve->rows) {
    const auto best = std::ranges::find_if(curve->rows, [&](const CurveRow& other) {
      return other.series == row.series + "_optimal" && other.label == row.label;
    });
    if (best == curve->rows.end()) continue;
    EXPECT_LE(row.y, best->y) << row.series << " " << row.label;
  }
}

TEST(ReplayedHits, ARunWithoutCachesHasNoCurve) {
  const testing::TinyRun tiny;
  const RunResult result = plelab::Run(
      tiny.Config(testing::kInProcess, "  - {name: resident, ple: {strategy: resident}}\n"), tiny.Options());
  EXPECT_EQ(std::ranges::find(result.record.curves, kReplayedHits, &Curve::name), result.record.curves.end());
}

}  // namespace replayed_hits_test
}  // namespace plelab
