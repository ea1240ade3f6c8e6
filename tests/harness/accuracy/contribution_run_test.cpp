// A run of ple_contribution: what it records, that observing changes no figure, and that it can be resumed.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/accuracy/contribution.h"
#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "harness/run/runner.h"
#include "model/base/error.h"
#include "model/gemma3n/gemma3n.h"
#include "model/ple/ple_source.h"
#include "model/ple/strategies/factory.h"
#include "model/text/ple_observer.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace contribution_run_test {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TinyRun;

constexpr char kResident[] = "  - {name: resident, ple: {strategy: resident}}\n";

ExperimentConfig Config(const TinyRun& tiny, const std::string& experiment, const std::string& variants) {
  return ParseExperimentConfig(
      Format("experiment: {}\nmodel: {{checkpoint: {}, dtype: float32, threads: 1}}\n"
             "accuracy: {{trace: {}, context: 16, max_tokens: 300, bootstrap: 50}}\nvariants:\n{}",
             experiment, tiny.checkpoint(), tiny.trace(), variants),
      "tiny.yaml");
}

TEST(ContributionRun, RecordsEveryLayerOfTheFirstExactVariant) {
  const TinyRun tiny;
  const auto config = Config(tiny, "ple_contribution",
                             std::string("  - {name: dropped, ple: {strategy: dropped}}\n") + kResident);
  EXPECT_FALSE(plelab::Run(config, tiny.Options()).any_failed);
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
  const Record record = ReadRecord(tiny.out());
  std::map<int64_t, double> shares;
  for (const ContributionRow& row : record.contribution) {
    EXPECT_EQ(row.variant, "resident");
    if (row.metric.starts_with("share_")) shares[row.layer] += row.value;
    if (row.metric == "relative_norm" && row.bucket == "all") {
      EXPECT_EQ(row.n, 300) << "bos is left out";
    }
    if (row.metric == "relative_norm" || row.metric == "row_to_projection") {
      EXPECT_GT(row.value, 0);
    }
    if (row.metric == "cosine") {
      EXPECT_LE(std::abs(row.value), 1);
    }
  }
  EXPECT_EQ(std::ssize(shares), Checkpoint::Open(tiny.checkpoint()).ple_table().geometry.layers);
  for (const auto& [layer, sum] : shares) EXPECT_NEAR(sum, 1, 1e-9) << layer;
  EXPECT_EQ(record.variants.size(), 2u);
}

// What one list position of one pass shows, by another way than the phase's.
class OneLayer : public PleObserver {
 public:
  explicit OneLayer(int64_t layer) : layer_(layer) {}
  void SeeInput(int64_t position, const PerLayerTerms& terms) override {
    if (position != layer_) return;
    row_to_projection = MeanOf(Norms(terms.row) / Norms(terms.projected));
  }
  void SeeAddition(int64_t position, const torch::Tensor& added, const AltUpStreams& streams) override {
    if (position != layer_) return;
    const std::vector<torch::Tensor> rest(streams.begin() + 1, streams.end());
    const torch::Tensor others = torch::stack(rest).to(torch::kFloat64), x = added.to(torch::kFloat64);
    relative_norm = MeanOf(Norms(x) / others.square().sum(-1).mean(0).sqrt());
    cosine = MeanOf(((x * others).sum(-1) / (Norms(x) * Norms(others))).mean(0));
  }
  double relative_norm = 0, cosine = 0, row_to_projection = 0;

 private:
  static torch::Tensor Norms(const torch::Tensor& x) { return x.to(torch::kFloat64).square().sum(-1).sqrt(); }
  // Over the tokens behind bos.
  static double MeanOf(const torch::Tensor& x) {
    return x.squeeze(0).narrow(0, 1, x.size(1) - 1).mean().item<double>();
  }
  int64_t layer_;
};

// A window of 601 tokens goes through the model in two pieces; no token but bos is left out.
TEST(ContributionRun, FiguresAreThoseOfTheStreams) {
  const TinyRun tiny;
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < 600; ++i) ids.push_back(3 + (i * i + 7 * i) % 101);
  testing::WriteText(tiny.trace(), nlohmann::json(ids).dump());
  const auto config = ParseExperimentConfig(
      Format("experiment: ple_contribution\nmodel: {{checkpoint: {}, dtype: float32, threads: 1}}\n"
             "accuracy: {{trace: {}, context: 601, max_tokens: 600, bootstrap: 10}}\nvariants:\n{}",
             tiny.checkpoint(), tiny.trace(), kResident),
      "tiny.yaml");
  const Record record = plelab::Run(config, tiny.Options()).record;
  const auto checkpoint = std::make_shared<const Checkpoint>(Checkpoint::Open(tiny.checkpoint()));
  Gemma3n model = Gemma3n::Load(checkpoint, {.dtype = DType::kFloat32});
  const auto source = MakePleSource(ParsePleSpec("resident"), checkpoint->ple_table());
  ids.insert(ids.begin(), 2);
  for (const int64_t layer : {0, 4}) {
    OneLayer seen(layer);
    model.Observe(&seen);
    const auto request = source->Begin(ids);
    model.Forward(torch::tensor(ids).unsqueeze(0), nullptr, *request, LogitsWanted::kAll);
    model.Observe(nullptr);
    std::map<std::string, double> found;
    for (const ContributionRow& row : record.contribution) {
      if (row.layer != layer || row.bucket != "all") continue;
      found[row.metric] = row.value;
      EXPECT_TRUE(row.n == 600 || row.metric.starts_with("share_") || row.metric.starts_with("predicted_"));
    }
    EXPECT_NEAR(found["relative_norm"], seen.relative_norm, 1e-4 * seen.relative_norm) << layer;
    EXPECT_NEAR(found["row_to_projection"], seen.row_to_projection, 1e-4 * seen.row_to_projection) << layer;
    EXPECT_NEAR(found["cosine"], seen.cosine, 1e-5) << layer;
    EXPECT_NE(seen.cosine, 0) << layer;
  }
}

TEST(ContributionRun, TheAdditionsOfAllTokensAreHeldInFloat32) {
  TextConfig text;
  text.num_hidden_layers = 7;
  text.hidden_size = 11;
  AccuracySection section;
  section.max_tokens = 13;
  EXPECT_EQ(ContributionBytes(text, section), 7 * 11 * 13 * 4);
}

TEST(ContributionRun, LookingChangesNoFigureOfAccuracy) {
  const TinyRun tiny;
  const std::string variants = std::string(kResident) + "  - {name: dropped, ple: {strategy: dropped}}\n";
  const Record with = plelab::Run(Config(tiny, "ple_contribution", variants), tiny.Options()).record;
  RunOptions options = tiny.Options();
  options.out = tiny.folder() + "/without.h5";
  const Record without = plelab::Run(Config(tiny, "ple_ablation", variants), options).record;
  ASSERT_EQ(with.tokens.size(), without.tokens.size());
  for (size_t i = 0; i < with.tokens.size(); ++i) EXPECT_EQ(with.tokens[i].nats, without.tokens[i].nats);
  EXPECT_THAT(without.contribution, IsEmpty());
}

// Counts windows.  At window `stop`, simulates Ctrl-C.
class Watched : public PleWrapper {
 public:
  Watched(std::unique_ptr<PleSource> over, int64_t& windows, int64_t stop)
      : PleWrapper(std::move(over)), windows_(windows), stop_(stop) {}
  void StartSequence() override {
    if (++windows_ == stop_) std::raise(SIGINT);
    PleWrapper::StartSequence();
  }

 private:
  int64_t& windows_;
  int64_t stop_;
};

TEST(ContributionRun, AResumedRunScoresNothingAgain) {
  const TinyRun tiny;
  const auto config = Config(tiny, "ple_contribution", kResident);
  int64_t windows = 0, stop = 20 + 3;  // 300 tokens in windows of 15: first scored, then observed
  RunOptions options = tiny.Options();
  options.make_source = [&](const VariantConfig& variant, const PleTable& table,
                            std::span<const int64_t> ids) {
    return std::make_unique<Watched>(DefaultSourceMaker()(variant, table, ids), windows, stop);
  };
  try {
    plelab::Run(config, options);
    FAIL() << "no interruption";
  } catch (const RunError& error) {
    EXPECT_THAT(error.what(), HasSubstr("interrupted; finished parts are kept"));
  }
  windows = 0;
  stop = -1;
  options.resume = true;
  const Record resumed = plelab::Run(config, options).record;
  EXPECT_EQ(windows, 20) << "looked at, not scored";
  RunOptions anew = tiny.Options();
  anew.out = tiny.folder() + "/anew.h5";
  const Record whole = plelab::Run(config, anew).record;
  ASSERT_EQ(resumed.contribution.size(), whole.contribution.size());
  for (size_t i = 0; i < whole.contribution.size(); ++i) {
    EXPECT_EQ(resumed.contribution[i].value, whole.contribution[i].value);
  }
  EXPECT_EQ(resumed.accuracy.size(), whole.accuracy.size());
}

TEST(ContributionRun, AConfigWithoutAnExactVariantIsRefused) {
  const TinyRun tiny;
  try {
    Config(tiny, "ple_contribution", "  - {name: dropped, ple: {strategy: dropped}}\n");
    FAIL() << "no error";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("tiny.yaml:5:3: 'ple_contribution' looks at the first exact variant, and "
                          "'variants' has none; add one such as {name: resident"));
  }
}

TEST(ContributionRun, AFaultySourceFailsItsVariantAlone) {
  const TinyRun tiny;
  int64_t made = 0;
  RunOptions options = tiny.Options();
  options.make_source = [&](const VariantConfig& variant, const PleTable& table,
                            std::span<const int64_t> ids) -> std::unique_ptr<PleSource> {
    if (++made == 3) throw RunError("no source today");  // after two were scored
    return DefaultSourceMaker()(variant, table, ids);
  };
  const std::string variants = std::string(kResident) + "  - {name: dropped, ple: {strategy: dropped}}\n";
  const RunResult result = plelab::Run(Config(tiny, "ple_contribution", variants), options);
  EXPECT_TRUE(result.any_failed);
  EXPECT_EQ(result.record.variants[0].error, "no source today");
  EXPECT_EQ(result.record.variants[1].status, "done");
  EXPECT_THAT(result.record.contribution, IsEmpty());
}

}  // namespace contribution_run_test
}  // namespace plelab
