// A whole run in this process: what is recorded, and what happens to variants that fail.
#include "harness/run/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <set>

#include "harness/plan/run_plan.h"
#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "harness/run/time_phase.h"
#include "model/base/error.h"
#include "tests/support/checkpoint_files.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace runner_test {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kInProcess;
using testing::kSixVariants;
using testing::RecordedAccuracy;
using testing::TinyRun;

const char* const kResidentAndDisk =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n"
    "  - {name: dropped, ple: {strategy: dropped}}\n";

std::set<std::string> OutputsOf(const Record& record, const std::set<std::string>& variants) {
  std::set<std::string> outputs;
  for (const auto& rep : record.reps) {
    if (variants.count(rep.variant)) outputs.insert(rep.output_sha256);
  }
  return outputs;
}

const VariantRow& Variant(const Record& record, const std::string& name) {
  return *std::find_if(record.variants.begin(), record.variants.end(),
                       [&](const auto& v) { return v.variant == name; });
}

int64_t StepsOf(const Record& record, const std::string& name) {
  return std::count_if(record.steps.begin(), record.steps.end(),
                       [&](const auto& s) { return s.variant == name; });
}

TEST(Runner, SixVariantsAreRecordedAndExactOnesAgreeBitForBit) {
  const TinyRun tiny;
  const RunResult result = plelab::Run(tiny.Config(kInProcess, kSixVariants), tiny.Options());
  EXPECT_FALSE(result.any_failed);
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
  EXPECT_FALSE(std::filesystem::exists(PartsFolder(tiny.out())));

  const Record record = ReadRecord(tiny.out());
  EXPECT_EQ(record.variants.size(), 7u) << "with the twin of the baseline";
  EXPECT_EQ(record.reps.size(), 14u);
  for (const auto& variant : record.variants)
    EXPECT_EQ(StepsOf(record, variant.variant), 16) << variant.variant;
  EXPECT_EQ(OutputsOf(record, {"resident", "resident@control", "cached", "pread", "mmap", "waiting"}).size(),
            2u)
      << "each repetition has an excerpt of its own";
  EXPECT_EQ(OutputsOf(record, {"resident", "dropped"}).size(), 4u)
      << "dropping the rows must show in the logits";
  for (const auto& step : record.steps) {
    EXPECT_GT(step.step_ns, 0);
    EXPECT_GT(step.step_bytes, 0);
    if (step.variant == "waiting") {
      EXPECT_EQ(step.lookups, 1);
      EXPECT_EQ(step.read_calls, 1);
      EXPECT_GT(step.ple_wait_ns, 0);
    }
    EXPECT_TRUE(step.variant != "resident" || step.read_calls == 0);
  }
}

TEST(Runner, EachStepSaysWhoRanBeforeIt) {
  const TinyRun tiny;
  const RunResult result = plelab::Run(tiny.Config(kInProcess, kSixVariants), tiny.Options());
  std::map<std::string, std::set<std::string>> predecessors;
  for (const auto& step : result.record.steps) {
    EXPECT_NE(step.predecessor, step.variant);
    predecessors[step.variant].insert(step.predecessor);
  }
  EXPECT_EQ(predecessors.size(), 7u);
  for (const auto& [variant, before] : predecessors) {
    EXPECT_GE(before.size(), 4u) << variant << ": of six, in two repetitions of eight steps";
    for (const std::string& name : before) EXPECT_TRUE(predecessors.contains(name)) << name;
  }
}

TEST(Runner, ReplaysTheTextsOwnIds) {
  const TinyRun tiny;
  const RunResult result = plelab::Run(tiny.Config(kInProcess, kResidentAndDisk), tiny.Options());
  // Prompt: bos and ids 0 to 10 of the trace; two warm-up steps; so step s is fed id 13 + s.  The next
  // repetition goes on behind the 21 ids of the first.
  for (const auto& step : result.record.steps) {
    const int64_t i = 13 + step.step + 21 * step.rep;
    EXPECT_EQ(step.token_id, 3 + (i * i + 7 * i) % 101);
  }
}

TEST(Runner, ABatchAndGreedyDecodingRun) {
  const TinyRun tiny;
  for (const std::string workload :
       {", batch: 3", ", batch: 2, decode: greedy", ", decode: sample, seed: 5"}) {
    RunOptions options = tiny.Options();
    options.force = true;
    const RunResult result = plelab::Run(tiny.Config(kInProcess, kResidentAndDisk, "", workload), options);
    EXPECT_FALSE(result.any_failed) << workload;
    EXPECT_EQ(OutputsOf(result.record, {"resident", "disk"}).size(), 2u) << workload;
    EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty()) << workload;
  }
}

// The rows of another source with one bit of one row wrong, once `good_requests` have been answered.
class FlippedSource : public PleSource {
 public:
  FlippedSource(std::unique_ptr<PleSource> over, int64_t good_requests)
      : over_(std::move(over)), good_(good_requests) {}
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override {
    return std::make_unique<Request>(over_->Begin(ids), good_-- <= 0);
  }
  PleStats stats() const override { return over_->stats(); }
  const PleGeometry& geometry() const override { return over_->geometry(); }
  int64_t fast_bytes() const override { return over_->fast_bytes(); }

 private:
  struct Request : PleRequest {
    Request(std::unique_ptr<PleRequest> over, bool wrong) : over_(std::move(over)), wrong_(wrong) {}
    PleKind kind() const override { return over_->kind(); }
    std::span<const std::byte> Layer(int64_t layer) override {
      const auto rows = over_->Layer(layer);
      bytes_.assign(rows.begin(), rows.end());
      if (wrong_ && layer == 0) bytes_[3] ^= std::byte{0x40};  // the exponent of the first float32
      return bytes_;
    }
    std::unique_ptr<PleRequest> over_;
    bool wrong_;
    std::vector<std::byte> bytes_;
  };
  std::unique_ptr<PleSource> over_;
  int64_t good_;
};

SourceMaker WithFlipped(const std::string& name, int64_t good_requests) {
  return [=](const VariantConfig& variant, const PleTable& table, std::span<const int64_t> warm_ids) {
    auto source = DefaultSourceMaker()(variant, table, warm_ids);
    if (variant.name == name) source = std::make_unique<FlippedSource>(std::move(source), good_requests);
    return source;
  };
}

TEST(Runner, AWrongLogitIsAnErrorAndNeverATime) {
  const TinyRun tiny;
  RunOptions options = tiny.Options();
  options.make_source =
      WithFlipped("disk", /*good_requests=*/5);  // prompt, two warm-up steps, two measured ones
  const RunResult result = plelab::Run(tiny.Config(kInProcess, kResidentAndDisk), options);
  EXPECT_TRUE(result.any_failed);
  EXPECT_EQ(Variant(result.record, "disk").status, "failed");
  EXPECT_THAT(Variant(result.record, "disk").error,
              HasSubstr("decode step 4: its logits differ from those of 'resident'"));
  EXPECT_EQ(StepsOf(result.record, "disk"), 0);
  EXPECT_EQ(StepsOf(result.record, "resident"), 16) << "the others go on";
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
}

TEST(Runner, AnInputThatChangesWhileTheRunGoesOnIsNoResult) {
  const TinyRun tiny;
  RunOptions options = tiny.Options();
  options.make_source = [&](const VariantConfig& variant, const PleTable& table,
                            std::span<const int64_t> warm_ids) {
    testing::WriteText(tiny.trace(), testing::ReadText(tiny.trace()) + " ");
    return DefaultSourceMaker()(variant, table, warm_ids);
  };
  EXPECT_THAT([&] { plelab::Run(tiny.Config(kInProcess, kResidentAndDisk), options); },
              ::testing::ThrowsMessage<UserError>(::testing::AllOf(
                  HasSubstr("an input changed while the run went on"), HasSubstr("trace.json"))));
  EXPECT_FALSE(std::filesystem::exists(tiny.out()));
}

TEST(Runner, AWrongLogitInAccuracyFailsTheVariant) {
  const TinyRun tiny;
  RunOptions options = tiny.Options();
  // 1 + 10 requests in each of two repetitions; the accuracy phase makes a source of its own.
  int64_t made = 0;
  options.make_source = [&](const VariantConfig& variant, const PleTable& table,
                            std::span<const int64_t> warm_ids) {
    const bool of_accuracy = variant.name == "disk" && made++ > 0;
    return WithFlipped(of_accuracy ? "disk" : "", 0)(variant, table, warm_ids);
  };
  const std::string accuracy = "accuracy: {trace: " + tiny.trace() + ", context: 32, max_tokens: 100}\n";
  const RunResult result = plelab::Run(tiny.Config(kInProcess, kResidentAndDisk, accuracy), options);
  EXPECT_THAT(Variant(result.record, "disk").error,
              HasSubstr("accuracy: its logits differ from those of 'resident'"));
  EXPECT_EQ(Variant(result.record, "resident").status, "done");
}

// One of a request's finished inputs is wrong, which is more than rounding in either dtype.
TEST(Runner, FoldedIsHeldToItsBound) {
  for (const std::string dtype : {"float32", "bfloat16"}) {
    const TinyRun tiny;
    const std::string variants =
        "  - {name: resident, ple: {strategy: resident}}\n  - {name: folded, ple: {strategy: folded}}\n";
    const std::string accuracy = "accuracy: {trace: " + tiny.trace() + ", context: 32, max_tokens: 100}\n";
    const std::string yaml =
        testing::Replaced(tiny.Yaml(kInProcess, variants, accuracy), "dtype: float32", "dtype: " + dtype);
    const ExperimentConfig config = ParseExperimentConfig(yaml, "tiny.yaml");
    RunOptions options = tiny.Options();
    const RunResult good = plelab::Run(config, options);
    EXPECT_FALSE(good.any_failed) << dtype << ": " << Variant(good.record, "folded").error;
    EXPECT_EQ(StepsOf(good.record, "folded"), 16) << dtype;
    EXPECT_EQ(Variant(good.record, "folded").baseline, "resident") << "whose times it is compared with";
    EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty()) << dtype;

    options.make_source = WithFlipped("folded", /*good_requests=*/3);
    options.force = true;
    const RunResult bad = plelab::Run(config, options);
    EXPECT_THAT(Variant(bad.record, "folded").error, HasSubstr("may be rounding in " + dtype));
    EXPECT_EQ(StepsOf(bad.record, "folded"), 0) << dtype;
  }
}

TEST(Runner, ATableThatShrinksFailsItsReadersAndNobodyElse) {
  const TinyRun tiny;
  RunOptions options = tiny.Options();
  options.make_source = [&](const VariantConfig& variant, const PleTable& table,
                            std::span<const int64_t> warm_ids) {
    auto source = DefaultSourceMaker()(variant, table, warm_ids);
    // Once the last variant has its source: everything was opened whole, then the file loses its second half.
    if (variant.name == "dropped") std::filesystem::resize_file(tiny.shard(), table.offset_bytes + 100);
    return source;
  };
  const RunResult result =
      plelab::Run(tiny.Config(std::string(kInProcess) + ", own_table: false", kSixVariants), options);
  EXPECT_TRUE(result.any_failed);
  for (const char* name : {"pread", "mmap", "waiting"}) {
    EXPECT_EQ(Variant(result.record, name).status, "failed") << name;
    EXPECT_THAT(Variant(result.record, name).error, HasSubstr("model.safetensors")) << name;
    EXPECT_EQ(StepsOf(result.record, name), 0) << name;
  }
  EXPECT_EQ(Variant(result.record, "resident").status, "done");
  EXPECT_EQ(StepsOf(result.record, "resident"), 16);
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
}

TEST(Runner, AccuracyOfExactVariantsIsTheBaselinesAndDroppingShows) {
  const TinyRun tiny;
  const std::string accuracy = "accuracy: {trace: " + tiny.trace() + ", context: 32, max_tokens: 200}\n";
  const Record record =
      plelab::Run(tiny.Config(kInProcess, kResidentAndDisk, accuracy), tiny.Options()).record;
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
  const double nats = RecordedAccuracy(record, "resident", "nats_per_token");
  EXPECT_EQ(RecordedAccuracy(record, "disk", "nats_per_token"), nats);
  EXPECT_EQ(RecordedAccuracy(record, "disk", "delta_nats"), 0);
  EXPECT_EQ(RecordedAccuracy(record, "disk", "kl_to_resident"), 0);
  EXPECT_EQ(RecordedAccuracy(record, "disk", "top1_agreement"), 1);
  EXPECT_EQ(RecordedAccuracy(record, "disk", "bit_equal_tokens"), 31);
  EXPECT_GT(RecordedAccuracy(record, "dropped", "kl_to_resident"), 0);
  EXPECT_NEAR(RecordedAccuracy(record, "dropped", "delta_nats"),
              RecordedAccuracy(record, "dropped", "nats_per_token") - nats, 1e-9);
  EXPECT_TRUE(std::isnan(RecordedAccuracy(record, "resident", "bits_per_byte"))) << "a trace has no bytes";
  const auto tokens = std::count_if(record.tokens.begin(), record.tokens.end(),
                                    [](const auto& t) { return t.variant == "dropped"; });
  EXPECT_EQ(tokens, 200);
}

// `reps` repetitions of 64 steps whose difference to resident is `delta_ns` in even repetitions, 0 in odd
// ones.
void PutRepetitions(PartStore& parts, const ExperimentConfig& config, int64_t reps, int64_t delta_ns) {
  for (int64_t rep = 0; rep < reps; ++rep) {
    for (size_t v = 0; v < config.variants.size(); ++v) {
      Record part;
      for (int64_t step = 0; step < 64; ++step) {
        StepRow row;
        row.variant = config.variants[v].name;
        row.rep = rep;
        row.step = step;
        row.step_ns = 1'000'000 + (v > 0 && rep % 2 == 0 ? delta_ns : 0);
        part.steps.push_back(row);
      }
      parts.Put({Phase::kTime, static_cast<int64_t>(v), rep}, std::move(part));
    }
  }
}

TEST(Runner, TheStopRuleRunsUntilTheDifferenceIsKnownOrMaxReps) {
  const TinyRun tiny;
  const ExperimentConfig config =
      tiny.Config("warmup_steps: 0, reps: 2, memory_reps: 0, stop: {rel_half_width: 0.01, max_reps: 12}",
                  kResidentAndDisk);
  const RunPlan plan = ResolvePlan(config);
  const auto enough = [&](int64_t reps, int64_t delta_ns) {
    const testing::TemporaryFolder folder;
    PartStore parts(folder.path(), {"resident", "disk", "dropped"});
    PutRepetitions(parts, config, reps, delta_ns);
    ModelShelf models;
    const PhaseContext context{plan, parts, models, DefaultSourceMaker()};
    return EnoughRepetitions(context, plan.groups.at(0), reps);
  };
  EXPECT_FALSE(enough(1, 0)) << "fewer than design.reps";
  EXPECT_FALSE(enough(9, 0)) << "the rule looks from ten repetitions on";
  EXPECT_TRUE(enough(10, 0)) << "the difference is the same in every step";
  EXPECT_FALSE(enough(10, 500'000)) << "0 or half a step: not known to 1 %";
  EXPECT_FALSE(enough(11, 500'000));
  EXPECT_TRUE(enough(12, 500'000)) << "max_reps";
}

TEST(Runner, APageCacheThatIsKeptColdSaysSo) {
  const TinyRun tiny;
  const std::string cold = "page_cache: {initial: cold, maintain: evict_each_step, verify: true}\n";
  const Record record = plelab::Run(tiny.Config(kInProcess, kSixVariants, cold), tiny.Options()).record;
  for (const auto& rep : record.reps) {
    EXPECT_EQ(rep.page_cache, "cold+evict_each_step");
    const bool reads = !rep.variant.starts_with("resident") && rep.variant != "dropped";
    EXPECT_EQ(rep.guest_cold, reads ? "yes" : "not_asked") << rep.variant;
  }
}

TEST(Runner, RefusesAResultThatIsThereUnlessForced) {
  const TinyRun tiny;
  const auto config = tiny.Config(kInProcess, kResidentAndDisk);
  testing::WriteText(tiny.out(), "somebody's work");
  EXPECT_THROW(plelab::Run(config, tiny.Options()), UserError);
  EXPECT_EQ(testing::ReadText(tiny.out()), "somebody's work");
  RunOptions forced = tiny.Options();
  forced.force = true;
  plelab::Run(config, forced);
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
}

TEST(Runner, ATextThatIsTooShortStopsBeforeAnythingIsWritten) {
  const TinyRun tiny;
  try {
    plelab::Run(tiny.Config(kInProcess, kResidentAndDisk, "", ", warm_tokens: 390"), tiny.Options());
    FAIL() << "no error";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("400 tokens found, 432 needed"));
  }
  EXPECT_FALSE(std::filesystem::exists(PartsFolder(tiny.out())));
}

}  // namespace runner_test
}  // namespace plelab
