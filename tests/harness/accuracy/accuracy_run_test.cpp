// Runs that score only accuracy, and what transforms of the rows do to a run.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "harness/run/runner.h"
#include "model/base/error.h"
#include "model/gemma3n/gemma3n.h"
#include "model/ple/ple_source.h"
#include "model/ple/strategies/factory.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace accuracy_run_test {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RecordedAccuracy;
using testing::TinyRun;

ExperimentConfig AccuracyOnly(const TinyRun& tiny, const std::string& experiment, const std::string& variants,
                              const std::string& rest = "") {
  return ParseExperimentConfig(
      Format("experiment: {}\nmodel: {{checkpoint: {}, dtype: float32, threads: 1}}\n"
             "accuracy: {{trace: {}, context: 16, max_tokens: 100}}\n{}variants:\n"
             "  - {{name: resident, ple: {{strategy: resident}}}}\n{}",
             experiment, tiny.checkpoint(), tiny.trace(), rest, variants),
      "tiny.yaml");
}

TEST(AccuracyRun, AnAblationMeasuresNoTimeAndNoMemory) {
  const TinyRun tiny;
  const int64_t layers = Checkpoint::Open(tiny.checkpoint()).ple_table().geometry.layers;
  const auto config = AccuracyOnly(tiny, "ple_ablation",
                                   "  - {name: dropped, ple: {strategy: dropped}}\n"
                                   "  - {name: disk, ple: {strategy: disk}}\n"
                                   "  - {name: shared, ple: {strategy: disk, transform: shared}}\n"
                                   "  - {name: shuffled, ple: {strategy: resident, transform: shuffled}}\n"
                                   "  - {name: previous, ple: {strategy: cached, transform: previous}}\n"
                                   "  - {name: random, ple: {strategy: resident, transform: random}}\n"
                                   "  - {name: zero, ple: {strategy: resident, transform: zero_layers}}\n"
                                   "  - {name: mean, ple: {strategy: resident, transform: mean_layers}}\n",
                                   Format("sweep: {{ple.layers: [0, 0-{}]}}\n", layers - 1));
  const RunResult result = plelab::Run(config, tiny.Options());
  EXPECT_FALSE(result.any_failed);
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
  const Record record = ReadRecord(tiny.out());
  EXPECT_EQ(record.variants.size(), 11u);
  EXPECT_THAT(record.reps, IsEmpty());
  EXPECT_THAT(record.steps, IsEmpty());
  EXPECT_THAT(record.memory, IsEmpty());
  EXPECT_EQ(MetaValue(record.meta, "decode", "none"), "none");
  EXPECT_EQ(MetaValue(record.meta, "accuracy_text"), tiny.trace());

  EXPECT_EQ(RecordedAccuracy(record, "disk", "delta_nats"), 0);
  const std::string all = Format("@layers=0-{}", layers - 1);
  EXPECT_EQ(RecordedAccuracy(record, "zero" + all, "nats_per_token"),
            RecordedAccuracy(record, "dropped", "nats_per_token"));
  EXPECT_EQ(RecordedAccuracy(record, "mean" + all, "nats_per_token"),
            RecordedAccuracy(record, "shared", "nats_per_token"));
  std::set<double> losses;
  for (const auto& variant : record.variants) {
    losses.insert(RecordedAccuracy(record, variant.variant, "nats_per_token"));
    EXPECT_EQ(RecordedAccuracy(record, variant.variant, "kl_to_resident") > 0, variant.exact == 0)
        << variant.variant;
  }
  EXPECT_EQ(losses.size(), 11u - 3) << "disk is resident, and two pairs are equal; all others differ";
}

TEST(AccuracyRun, RankRecordsTheBytesOfEachForm) {
  const TinyRun tiny;
  const PleGeometry g = Checkpoint::Open(tiny.checkpoint()).ple_table().geometry;
  const auto config = AccuracyOnly(
      tiny, "ple_rank",
      Format("  - {{name: low_rank, ple: {{strategy: resident, transform: low_rank}}}}\n"
             "  - {{name: int8, ple: {{strategy: resident, transform: int8}}}}\n"
             "  - {{name: codebook, ple: {{strategy: disk, transform: codebook, entries: 4}}}}\n"),
      Format("sweep: {{ple.rank: [1, {}]}}\n", g.dim));
  const Record record = plelab::Run(config, tiny.Options()).record;
  const auto bytes = [&](const std::string& name) {
    for (const auto& v : record.variants) {
      if (v.variant == name) return v.table_bytes;
    }
    return int64_t{-1};
  };
  EXPECT_EQ(bytes("resident"), g.table_bytes());
  EXPECT_EQ(bytes("low_rank@rank=1"), g.layers * (g.vocab + g.dim) * SizeOf(g.dtype));
  EXPECT_LT(bytes("codebook"), bytes("int8"));
  EXPECT_LT(std::abs(RecordedAccuracy(record, Format("low_rank@rank={}", g.dim), "delta_nats")), 1e-4);
  EXPECT_LT(RecordedAccuracy(record, "int8", "kl_to_resident"),
            RecordedAccuracy(record, "low_rank@rank=1", "kl_to_resident"));
}

TEST(AccuracyRun, ATransformThatDoesNotFitTheTableStopsTheRun) {
  const TinyRun tiny;
  const auto config = AccuracyOnly(
      tiny, "ple_ablation", "  - {name: z, ple: {strategy: resident, transform: zero_layers, layers: 99}}\n");
  try {
    plelab::Run(config, tiny.Options());
    FAIL() << "no error";
  } catch (const UserError& error) {
    EXPECT_THAT(
        error.what(),
        HasSubstr("tiny.yaml:6:12: variant 'z': 'transform: zero_layers' names layer 99 in 'layers'"));
  }
  EXPECT_FALSE(std::filesystem::exists(tiny.out()));
}

struct Calls {
  int64_t starts = 0, begins = 0;
};

class Watched : public PleWrapper {
 public:
  Watched(std::unique_ptr<PleSource> over, Calls& calls) : PleWrapper(std::move(over)), calls_(calls) {}
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override {
    ++calls_.begins;
    return PleWrapper::Begin(ids);
  }
  void StartSequence() override {
    EXPECT_EQ(calls_.starts++, calls_.begins)
        << "a window that fits in one piece: start, begin, start, begin";
    PleWrapper::StartSequence();
  }

 private:
  Calls& calls_;
};

TEST(AccuracyRun, EachWindowStartsASequence) {
  const TinyRun tiny;
  Calls calls;
  RunOptions options = tiny.Options();
  options.make_source = [&](const VariantConfig& variant, const PleTable& table,
                            std::span<const int64_t> ids) {
    return std::make_unique<Watched>(DefaultSourceMaker()(variant, table, ids), calls);
  };
  plelab::Run(AccuracyOnly(tiny, "ple_ablation", ""), options);
  EXPECT_EQ(calls.starts, 7);  // 100 tokens in windows of 15
}

// With a vocabulary of 120, 512 tokens go through the model at once.
TEST(AccuracyRun, ALongWindowIsScoredInPiecesAsInOnePass) {
  const TinyRun tiny;
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < 1400; ++i) ids.push_back(3 + (i * i + 7 * i) % 101);
  testing::WriteText(tiny.trace(), nlohmann::json(ids).dump());
  const auto config = ParseExperimentConfig(
      Format("experiment: ple_ablation\nmodel: {{checkpoint: {}, dtype: float32, threads: 1}}\n"
             "accuracy: {{trace: {}, context: 601, max_tokens: 1100}}\n"
             "variants: [{{name: resident, ple: {{strategy: resident}}}}]\n",
             tiny.checkpoint(), tiny.trace()),
      "tiny.yaml");
  const Record record = plelab::Run(config, tiny.Options()).record;
  ASSERT_EQ(record.tokens.size(), 1100u);

  const auto checkpoint = std::make_shared<const Checkpoint>(Checkpoint::Open(tiny.checkpoint()));
  Gemma3n model = Gemma3n::Load(checkpoint, {.dtype = DType::kFloat32});
  const auto source = MakePleSource(ParsePleSpec("resident"), checkpoint->ple_table());
  size_t token = 0;
  for (const auto& [begin, end] : {std::pair{0, 600}, std::pair{600, 1100}}) {
    std::vector<int64_t> fed = {2};
    fed.insert(fed.end(), ids.begin() + begin, ids.begin() + end - 1);
    const auto request = source->Begin(fed);
    const torch::Tensor logits =
        model.Forward(torch::tensor(fed).unsqueeze(0), nullptr, *request, LogitsWanted::kAll).squeeze(0);
    const torch::Tensor log_p = torch::log_softmax(logits, -1);
    for (int64_t i = begin; i < end; ++i, ++token) {
      const TokenRow& row = record.tokens[token];
      ASSERT_EQ(row.document, begin == 0 ? 0 : 1);
      ASSERT_EQ(row.position, i - begin + 1);
      ASSERT_EQ(row.token_id, ids[i]);
      ASSERT_NEAR(row.nats, -log_p[i - begin][ids[i]].item<double>(), 1e-4) << i;
    }
  }
}

// A source that loses its rows once `good` requests have been answered.
class Losing : public PleWrapper {
 public:
  Losing(std::unique_ptr<PleSource> over, int64_t good) : PleWrapper(std::move(over)), good_(good) {}
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override {
    if (good_-- <= 0) throw RunError("row lost");
    return PleWrapper::Begin(ids);
  }

 private:
  int64_t good_;
};

TEST(AccuracyRun, WhereTheBaselineFailsTheNextExactVariantTakesItsPlace) {
  const TinyRun tiny;
  const auto config = AccuracyOnly(tiny, "ple_ablation",
                                   "  - {name: dropped, ple: {strategy: dropped}}\n"
                                   "  - {name: disk, ple: {strategy: disk}}\n"
                                   "  - {name: mapped, ple: {strategy: disk, backend: mmap}}\n");
  RunOptions options = tiny.Options();
  const Record whole = plelab::Run(config, options).record;
  EXPECT_EQ(RecordedAccuracy(whole, "disk", "bit_equal_tokens"), 15) << "of the first window";
  options.force = true;
  for (const int64_t good : {0, 3}) {  // none, or three windows of seven
    options.make_source = [good](const VariantConfig& variant, const PleTable& table,
                                 std::span<const int64_t> ids) -> std::unique_ptr<PleSource> {
      auto source = DefaultSourceMaker()(variant, table, ids);
      if (variant.name != "resident") return source;
      if (good == 0) throw RunError("row lost");
      return std::make_unique<Losing>(std::move(source), good);
    };
    const Record record = plelab::Run(config, options).record;
    EXPECT_EQ(record.variants.at(0).status, "failed");
    EXPECT_EQ(record.variants.at(0).error, "row lost");
    for (const size_t v : {1, 2, 3}) EXPECT_EQ(record.variants.at(v).status, "done") << v;
    EXPECT_EQ(FindAccuracy(record, "resident", "nats_per_token"), nullptr);
    EXPECT_EQ(FindAccuracy(record, "disk", "bit_equal_tokens"), nullptr) << "the others are compared with it";
    EXPECT_EQ(RecordedAccuracy(record, "mapped", "bit_equal_tokens"), 15);
    for (const char* metric : {"nats_per_token", "delta_nats", "kl_to_resident", "top1_agreement"}) {
      EXPECT_EQ(RecordedAccuracy(record, "disk", metric), RecordedAccuracy(whole, "resident", metric));
      EXPECT_EQ(RecordedAccuracy(record, "dropped", metric), RecordedAccuracy(whole, "dropped", metric));
    }
    EXPECT_EQ(record.tokens.size(), 100u + 100u + 15u);
  }
}

TEST(AccuracyRun, AVariantThatFailsOnTheWayKeepsNothingAndTheOthersGoOn) {
  const TinyRun tiny;
  RunOptions options = tiny.Options();
  options.make_source = [](const VariantConfig& variant, const PleTable& table,
                           std::span<const int64_t> ids) -> std::unique_ptr<PleSource> {
    auto source = DefaultSourceMaker()(variant, table, ids);
    if (variant.name != "dropped") return source;
    return std::make_unique<Losing>(std::move(source), 2);
  };
  const auto config = AccuracyOnly(tiny, "ple_ablation",
                                   "  - {name: dropped, ple: {strategy: dropped}}\n"
                                   "  - {name: off, ple: {strategy: dropped, mode: block_off}}\n");
  const RunResult result = plelab::Run(config, options);
  EXPECT_TRUE(result.any_failed);
  EXPECT_EQ(result.record.variants.at(1).error, "row lost");
  EXPECT_EQ(result.record.variants.at(2).status, "done");
  EXPECT_EQ(result.record.tokens.size(), 200u) << "of the two others";
}

TEST(AccuracyRun, PreviousRepeatsItselfInEachRepetitionOfATimedRun) {
  const TinyRun tiny;
  std::string ids = "[3";  // of the period of a repetition's stretch: 11 of the prompt, 2 to warm up, 8 steps
  for (int64_t i = 1; i < 400; ++i) ids += Format(",{}", 3 + (i % 21) * (i % 21) % 101);
  testing::WriteText(tiny.trace(), ids + "]");
  const char* const variants =
      "  - {name: resident, ple: {strategy: resident}}\n"
      "  - {name: previous, ple: {strategy: resident, transform: previous}}\n"
      "  - {name: disk, ple: {strategy: disk, transform: previous}}\n";
  const Record record = plelab::Run(tiny.Config(testing::kInProcess, variants), tiny.Options()).record;
  std::set<std::string> outputs;
  for (const auto& rep : record.reps) {
    if (!rep.variant.starts_with("resident")) outputs.insert(rep.output_sha256);
  }
  EXPECT_EQ(record.reps.size(), 8u) << "with resident's twin";
  EXPECT_EQ(outputs.size(), 1u);
}

}  // namespace accuracy_run_test
}  // namespace plelab
