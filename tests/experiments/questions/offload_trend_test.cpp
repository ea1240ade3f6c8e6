// offload_vs_mlp says in its summary whether reads got faster or slower from round to round.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/questions/experiment.h"

namespace plelab {
namespace offload_trend_test {

using ::testing::HasSubstr;
using ::testing::Not;

CurveRow Row(const std::string& what, double x, double y) {
  CurveRow row;
  row.series = "small";
  row.label = what;
  row.x = x;
  row.y = y;
  return row;
}

// Ten rounds of three tokens; the median of a round changes by `drift_ms` from one to the next.
std::string SummaryOf(double drift_ms) {
  Curve times{"offload_vs_mlp", "bytes", "ms", {Row("ple_row", 640, 1), Row("ffn_dense", 6400, 2)}};
  Curve reads{"offload_reads", "reads", "bytes", {Row("ple_row", 1, 4096), Row("ffn_dense", 3, 8192)}};
  Curve samples{"offload_samples", "round", "ms", {}};
  for (int round = 0; round < 10; ++round) {
    const double noise = 0.001 * (round * 37 % 11);
    for (const double spread : {0.9, 1.0, 5.0})
      samples.rows.push_back(Row("ple_row", round, spread + drift_ms * round));
    samples.rows.push_back(Row("ffn_dense", round, 2 + noise));
  }
  RunResult result;
  result.record.curves = {times, reads, samples};
  return FindExperiment("offload_vs_mlp").summary(ExperimentConfig{}, result);
}

TEST(OffloadTrend, FasterReadsAreNamed) {
  const std::string summary = SummaryOf(-0.02);
  EXPECT_THAT(summary,
              HasSubstr("small ple_row: reads get faster from round to round, -0.02 ms each (p 5.5e-07): a "
                        "cache below this system may hold the scratch file\n"));
  EXPECT_THAT(summary, Not(HasSubstr("ffn_dense: reads")));
}

TEST(OffloadTrend, SlowerOnesToo) {
  EXPECT_THAT(SummaryOf(0.03),
              HasSubstr("small ple_row: reads get slower from round to round, +0.03 ms each"));
}

TEST(OffloadTrend, SteadyOnesAreNot) { EXPECT_THAT(SummaryOf(0), Not(HasSubstr("from round to round"))); }

}  // namespace offload_trend_test
}  // namespace plelab
