// Experiments without variants, run as a user does: what they write and what they refuse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "harness/support/process.h"
#include "tests/support/program.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace curve_experiments_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::LastLine;
using testing::TemporaryFolder;
using testing::WriteText;

const char* const kProgram = PLELAB_BINARY_DIR "/plelab";

class CurveExperiments : public ::testing::Test {
 protected:
  ProcessResult RunYaml(const std::string& yaml) {
    WriteText(folder_ / "x.yaml", yaml);
    return RunProgram({kProgram, "run", folder_ / "x.yaml", "--out", out_, "--allow-debug"});
  }
  // The row of series "lru" with the label "2", for example.
  CurveRow Row(const std::string& curve, const std::string& series, const std::string& label) const {
    for (const Curve& c : ReadRecord(out_).curves) {
      if (c.name != curve) continue;
      for (const CurveRow& row : c.rows) {
        if (row.series == series && row.label == label) return row;
      }
    }
    ADD_FAILURE() << "no " << series << " " << label << " in " << curve;
    return {};
  }

  TemporaryFolder folder_;
  std::string out_ = folder_ / "out.h5";
};

TEST_F(CurveExperiments, LocalityCountsAShortTraceAsByHand) {
  WriteText(folder_ / "trace.json", "[5, 5, 5, 7,  5, 7, 9, 5, 7, 9]");
  const ProcessResult run =
      RunYaml("experiment: cache_locality\nlocality: {shape: e2b, trace: " + folder_ / "trace.json" +
              ", learn_tokens: 4, least_rows: 1}\n");
  ASSERT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_THAT(run.output, HasSubstr("6 tokens measured after 4"));
  EXPECT_THAT(ResultProblems(out_), IsEmpty());
  // Measured are 5 7 9 5 7 9, after 5 5 5 7.
  EXPECT_EQ(Row("cache_locality", "lru", "2").y, 0);
  EXPECT_EQ(Row("cache_locality", "lru", "3").y, 0.5);
  EXPECT_EQ(Row("cache_locality", "lru_warmed", "2").y, 2.0 / 6);
  EXPECT_EQ(Row("cache_locality", "static_hot", "1").y, 2.0 / 6);
  EXPECT_EQ(Row("cache_locality", "static_hot", "2").y, 4.0 / 6);
  EXPECT_EQ(Row("cache_locality", "optimal", "2").y, 2.0 / 6);
  EXPECT_EQ(Row("cache_locality", "lru_shuffled", "3").y, 0.5);
  // An optimal cache of two starts with 5 and 7 and keeps them.
  EXPECT_EQ(Row("cache_locality", "optimal_warmed", "2").y, 4.0 / 6);
  EXPECT_EQ(Row("cache_locality", "sieve_warmed", "3").y, 5.0 / 6);
  EXPECT_DOUBLE_EQ(Row("cache_locality", "lru_warmed_shuffled", "3").y, 5.0 / 6);
  EXPECT_EQ(Row("cache_policies", "optimal_warmed", "2").y, 2.0 / 6);
  EXPECT_EQ(Row("cache_policies", "static_hot", "2").y, 2.0 / 6);
  EXPECT_EQ(Row("cache_policies", "lru_warmed", "2").y, 0);
  EXPECT_EQ(Row("cache_policies", "lru_warmed", "2").x, 2 * 15'360);
  EXPECT_EQ(Row("cache_locality", "lru", "2").x, 2 * 15'360);
  EXPECT_EQ(Row("cache_stream", "trace", "distinct_rows").y, 3);
}

TEST_F(CurveExperiments, LocalityReadsATextThroughTheTokenizerThatShipsWithAShape) {
  WriteText(folder_ / "text.txt", "the cat and the dog and the cat and the dog and the cat");
  const std::string text = "text_file: " + folder_ / "text.txt";
  const ProcessResult run = RunYaml("experiment: cache_locality\nlocality: {shape: small, " + text + "}\n");
  ASSERT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_THAT(MetaValue(ReadRecord(out_).meta, "tokenizer_hash"), ::testing::SizeIs(64));
  fs::remove(out_);
  const ProcessResult refused = RunYaml("experiment: cache_locality\nlocality: {shape: e2b, " + text + "}\n");
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(LastLine(refused), HasSubstr("x.yaml:2:35: 'text_file' in 'locality' needs a tokenizer"));
}

TEST_F(CurveExperiments, LocalityNeedsTokensOnBothSides) {
  WriteText(folder_ / "trace.json", "[1, 2, 3, 262400]");
  const std::string head = "experiment: cache_locality\nlocality: {trace: " + folder_ / "trace.json";
  const ProcessResult beyond = RunYaml(head + "}\n");
  EXPECT_EQ(beyond.exit_code, 2);
  EXPECT_THAT(LastLine(beyond), HasSubstr("token 3 is id 262400"));
  WriteText(folder_ / "trace.json", "[1, 2, 3, 4]");
  const ProcessResult all = RunYaml(head + ", learn_tokens: 4}\n");
  EXPECT_EQ(all.exit_code, 2);
  EXPECT_THAT(LastLine(all), HasSubstr("'learn_tokens' in 'locality' is 4, and "));
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(CurveExperiments, LocalityComparesTheDomainsOfSeveralTraces) {
  WriteText(folder_ / "first.json", "[5, 5, 5, 7,  5, 7, 9, 5, 7, 9]");
  WriteText(folder_ / "second.json", "[7, 7, 9, 9,  8, 8, 7, 5]");
  const std::string traces = "traces: [" + folder_ / "first.json" + ", " + folder_ / "second.json" + "]";
  const std::string yaml =
      "experiment: cache_locality\nlocality: {shape: e2b, " + traces + ", learn_tokens: 4, least_rows: 1}\n";
  const ProcessResult run = RunYaml(yaml);
  ASSERT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_THAT(run.output, HasSubstr("static else"));
  EXPECT_THAT(ResultProblems(out_), IsEmpty());
  EXPECT_EQ(Row("domain_hits", "static_from_second", "first").x, 1);
  EXPECT_EQ(Row("domain_stream", "second", "new_rows").y, 2);
  const std::string inputs = MetaValue(ReadRecord(out_).meta, "inputs");
  EXPECT_THAT(inputs, HasSubstr("first.json: 31 bytes, sha256 "));
  EXPECT_THAT(inputs, HasSubstr("second.json: "));
  fs::remove(out_);
  WriteText(folder_ / "second.json", "[1, 2, 3, 4]");
  const ProcessResult all = RunYaml(yaml);
  EXPECT_EQ(all.exit_code, 2);
  EXPECT_THAT(LastLine(all), HasSubstr("'learn_tokens' in 'locality' is 4, and "));
  fs::remove(folder_ / "first.json");
  const ProcessResult missing = RunYaml(yaml);
  EXPECT_EQ(missing.exit_code, 2);
  EXPECT_THAT(LastLine(missing), HasSubstr("'traces' in 'locality': there is no file "));
}

TEST_F(CurveExperiments, OffloadTimesReadsAndLeavesNoScratchFile) {
  const std::string scratch = folder_ / "scratch";
  const ProcessResult run =
      RunYaml("experiment: offload_vs_mlp\nshapes: [small]\noffload: {scratch_folder: " + scratch +
              ", scratch: 2MiB, rounds: 3, row_tokens: 4, readers: 2}\n");
  ASSERT_EQ(run.exit_code, 0) << LastLine(run);
  EXPECT_THAT(ResultProblems(out_), IsEmpty());
  EXPECT_TRUE(fs::is_empty(scratch));
  EXPECT_EQ(Row("offload_vs_mlp", "small", "ple_row").x, 10 * 32 * 2);
  std::map<std::string, int64_t> samples;
  for (const Curve& curve : ReadRecord(out_).curves) {
    for (const CurveRow& row : curve.rows) {
      EXPECT_GT(row.y, 0) << curve.name << " " << row.label;
      if (curve.name == "offload_samples") ++samples[row.label];
      if (curve.name == "offload_vs_mlp") {
        EXPECT_LE(row.low, row.y) << row.label;
        EXPECT_GE(row.high, row.y) << row.label;
        EXPECT_GE(Row("offload_reads", row.series, row.label).y, row.x) << "blocks hold what was asked";
      }
    }
  }
  EXPECT_EQ(samples, (std::map<std::string, int64_t>{
                         {"ple_row", 12}, {"ffn_sparse", 3}, {"ffn_dense", 3}, {"every_weight", 3}}));
  EXPECT_THAT(MetaValue(ReadRecord(out_).meta, "page_cache"), HasSubstr("mincore"));
}

TEST_F(CurveExperiments, OffloadRefusesAScratchFileThatDoesNotFit) {
  const ProcessResult run = RunYaml(
      "experiment: offload_vs_mlp\nshapes: [small]\noffload: {scratch_folder: " + folder_ / "scratch" +
      ", scratch: 900TB}\n");
  EXPECT_EQ(run.exit_code, 2);
  EXPECT_THAT(LastLine(run), HasSubstr("a scratch file of"));
  EXPECT_FALSE(fs::exists(out_));
}

}  // namespace curve_experiments_test
}  // namespace plelab
