// What passes between two turns: the device settles, the table is evicted, a fixed time passes, then the
// timed step.
#include "harness/measure/repetition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <numeric>

#include "harness/machine/machine_state.h"
#include "harness/measure/observed_steps.h"
#include "tests/support/fake_clock.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace repetition_test {

using testing::FakeClock;
using testing::TinyRun;

const char* const kResidentAndDisk =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n";
const char* const kCold = "page_cache: {initial: cold, maintain: evict_each_step, verify: false}\n";

// Loops that wait for a time end after a few readings of this clock.
constexpr int64_t kTickNs = 100'000'000;

// Who takes turns in repetition 0.
std::vector<Contestant> BothOf(const RunPlan& plan, LoadedModel& loaded) {
  std::vector<Contestant> contestants;
  for (const int64_t v : {0, 1}) {
    const VariantPlan& variant = plan.variants[v];
    contestants.push_back(
        MakeContestant(plan, v, 0, loaded, DefaultSourceMaker()(variant.config, variant.table, {}), 0));
  }
  return contestants;
}

// The repetition of resident and disk with two warm-up and eight measured steps.
std::vector<RepRow> Measure(const TinyRun& tiny, const std::string& settle,
                            const std::function<int64_t()>& in_flight) {
  const ExperimentConfig config =
      tiny.Config("warmup_steps: 2, reps: 1, control: false, settle: " + settle, kResidentAndDisk, kCold);
  const RunPlan plan = ResolvePlan(config);
  LoadedModel loaded = LoadModel(plan.config.model, plan.checkpoint);
  std::vector<Contestant> contestants = BothOf(plan, loaded);
  const FakeClock clock(kTickNs);
  RepetitionSetup setup{.rep = 0, .design = config.design, .threads = 1};
  setup.in_flight = in_flight;
  MeasureRepetition(contestants, plan.WorkOf(0, 0), setup);
  std::vector<RepRow> rows;
  for (const Contestant& contestant : contestants) {
    EXPECT_EQ(contestant.error, "");
    EXPECT_EQ(contestant.rep.valid_steps, 8);
    rows.push_back(contestant.rep);
  }
  return rows;
}

TEST(Repetition, EveryTurnWaitsForTheDeviceWhoeverItsIs) {
  int asked = 0;
  for (const RepRow& row : Measure(TinyRun(), "200us", [&] { return ++asked, 0; }))
    EXPECT_EQ(row.unsettled_steps, 0) << row.variant;
  EXPECT_EQ(asked, 2 * (1 + 10 + kObservedSteps)) << "prompt, warm-up, measured and observed steps of both";
}

TEST(Repetition, StepsThatDidNotSettleAreCounted) {
  for (const RepRow& row : Measure(TinyRun(), "200us", [] { return 1; }))
    EXPECT_EQ(row.unsettled_steps, 8) << row.variant << ": the measured ones";
}

TEST(Repetition, WithoutSettlingNobodyAsksTheDevice) {
  int asked = 0;
  for (const RepRow& row : Measure(TinyRun(), "0us", [&] { return ++asked; }))
    EXPECT_EQ(row.unsettled_steps, 0);
  EXPECT_EQ(asked, 0);
}

TEST(Repetition, SaysHowLongItLastedAndWhatItWaitedForCores) {
  for (const RepRow& row : Measure(TinyRun(), "200us", [] { return 0; })) {
    EXPECT_GE(row.wall_ns, 2 * (1 + 10) * kTickNs) << "each turn reads the clock";
    EXPECT_GE(row.involuntary_switches, 0);
    EXPECT_FALSE(row.cpu_pressure_us < 0) << "NaN where the kernel has no PSI";
  }
}

int64_t MajorFaults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_majflt;
}

TEST(Repetition, KeysAndValuesAreKeptAsTheConfigSays) {
  const TinyRun tiny;
  ExperimentConfig config =
      tiny.Config("warmup_steps: 2, reps: 1, control: false, settle: 0us", kResidentAndDisk);
  std::vector<int64_t> cache_bytes;
  for (const std::string kv_dtype : {"same", "int8"}) {
    config.model.kv_dtype = kv_dtype;
    for (VariantConfig& variant : config.variants) variant.model.kv_dtype = kv_dtype;
    const RunPlan plan = ResolvePlan(config);
    LoadedModel loaded = LoadModel(plan.groups[0].model, plan.checkpoint);
    cache_bytes.push_back(loaded.model.MakeKvCache(1, 16).nbytes());
    EXPECT_EQ(BothOf(plan, loaded)[0].dtype, CacheDType(plan.groups[0].model));
  }
  EXPECT_LT(cache_bytes[1], cache_bytes[0]);
}

// Repetition 1 of two, in process 6.
TEST(Repetition, ARowSaysWhichRepetitionItWasAndWhatTheMachineDid) {
  const TinyRun tiny;
  const ExperimentConfig config =
      tiny.Config("warmup_steps: 2, reps: 2, control: false, settle: 0us", kResidentAndDisk);
  const RunPlan plan = ResolvePlan(config);
  LoadedModel loaded = LoadModel(plan.config.model, plan.checkpoint);
  std::vector<Contestant> contestants;
  for (const int64_t v : {0, 1}) {
    const VariantPlan& variant = plan.variants[v];
    contestants.push_back(MakeContestant(
        plan, v, 1, loaded, DefaultSourceMaker()(variant.config, variant.table, {}), 1'234'567 + v));
  }
  for (const int64_t v : {0, 1}) {
    EXPECT_EQ(contestants[v].variant, v);
    EXPECT_EQ(contestants[v].name, plan.variants[v].name());
    EXPECT_TRUE(contestants[v].exact);
    EXPECT_FALSE(contestants[v].near);
    EXPECT_EQ(contestants[v].dtype, DType::kFloat32);
    EXPECT_EQ(contestants[v].rep.load_ns, loaded.load_ns + 1'234'567 + v);
  }
  std::vector<int64_t> told;
  RepetitionSetup setup{.rep = 1, .process = 6, .design = config.design, .threads = 1};
  setup.on_step = [&](int64_t step) { told.push_back(step); };
  const int64_t faults = MajorFaults(), now = UnixNowNs();
  MeasureRepetition(contestants, plan.WorkOf(0, 1), setup);
  const int64_t faults_meanwhile = MajorFaults() - faults;
  std::vector<int64_t> steps(10);
  std::iota(steps.begin(), steps.end(), 1);
  EXPECT_EQ(told, steps) << "warm-up and measured ones";

  const MachineState state = ReadMachineState();
  std::vector<int64_t> orders;
  int64_t faults_of_turns = 0;
  for (Contestant& contestant : contestants) {
    const RepRow& row = contestant.rep;
    EXPECT_EQ(row.variant, contestant.name);
    EXPECT_EQ(row.rep, 1);
    EXPECT_EQ(row.process, 6);
    EXPECT_EQ(row.excerpt, 21) << "behind the stretch of repetition 0";
    EXPECT_GE(row.started_unix_ns, now);
    EXPECT_LT(row.started_unix_ns, now + int64_t{3600} * 1'000'000'000);
    EXPECT_EQ(std::isnan(row.cpu_mhz), std::isnan(state.cpu_mhz));
    EXPECT_EQ(std::isnan(row.temperature_c), std::isnan(state.temperature_c));
    EXPECT_EQ(std::isnan(row.psi_memory_us), std::isnan(state.psi_memory_us));
    EXPECT_EQ(std::isnan(row.psi_io_us), std::isnan(state.psi_io_us));
    EXPECT_EQ(std::isnan(row.cpu_pressure_us), std::isnan(state.psi_cpu_us));
    EXPECT_EQ(std::isnan(row.energy_j), std::isnan(state.energy_j));
    EXPECT_GE(row.steal_ns, 0);
    EXPECT_LE(row.involuntary_switches, state.involuntary_switches);
    EXPECT_EQ(row.output_sha256.size(), 64u);
    faults_of_turns += row.major_faults;
    orders.push_back(row.order);
    const Record part = TakePart(contestant);
    ASSERT_EQ(part.reps.size(), 1u);
    EXPECT_EQ(part.reps[0].process, 6);
    ASSERT_EQ(part.steps.size(), 8u);
    EXPECT_EQ(part.steps[7].step, 7);
    EXPECT_EQ(part.steps[7].rep, 1);
    int64_t bytes = 0;
    std::vector<std::string> parts;
    for (const StepPartRow& of : part.step_parts) {
      EXPECT_EQ(of.variant, row.variant);
      EXPECT_EQ(of.rep, 1);
      EXPECT_EQ(of.steps, kObservedSteps);
      EXPECT_GT(of.time_ns, 0) << of.part;
      bytes += of.step_bytes;
      parts.push_back(of.part);
    }
    EXPECT_THAT(parts, ::testing::ElementsAre("input", "attention", "laurel", "ffn", "altup", "ple", "logits",
                                              "rows"));
    EXPECT_EQ(bytes, part.steps[7].step_bytes) << "those of the step that is repeated";
  }
  EXPECT_THAT(orders, ::testing::UnorderedElementsAre(0, 1));
  EXPECT_GE(faults_of_turns, 0);
  EXPECT_LE(faults_of_turns, faults_meanwhile);
  EXPECT_EQ(contestants[0].rep.output_sha256, contestants[1].rep.output_sha256);
  EXPECT_TRUE(std::isnan(contestants[0].rep.read_ahead_bytes)) << "resident reads no file";
}

TEST(Repetition, WhatBrokeKeepsItsOwnReasonAndIsComparedWithNobody) {
  const TinyRun tiny;
  const ExperimentConfig config = tiny.Config("warmup_steps: 2, reps: 1, control: false", kResidentAndDisk);
  const RunPlan plan = ResolvePlan(config);
  LoadedModel loaded = LoadModel(plan.config.model, plan.checkpoint);
  std::vector<Contestant> contestants = BothOf(plan, loaded);
  contestants[1].exact = false;
  contestants[1].near = true;
  contestants[1].error = "broke before its turn";
  MeasureRepetition(contestants, plan.WorkOf(0, 0), {.rep = 0, .design = config.design, .threads = 1});
  EXPECT_EQ(contestants[0].error, "");
  EXPECT_EQ(contestants[1].error, "broke before its turn");
  EXPECT_EQ(contestants[1].steps.size(), 0u);
}

TEST(Repetition, ARehearsedPromptChangesNoOutput) {
  const TinyRun tiny;
  const ExperimentConfig config = tiny.Config("warmup_steps: 2, reps: 1, control: false", kResidentAndDisk);
  const RunPlan plan = ResolvePlan(config);
  LoadedModel loaded = LoadModel(plan.config.model, plan.checkpoint);
  std::vector<RepRow> rows;
  for (const bool rehearse : {false, true}) {
    std::vector<Contestant> contestants = BothOf(plan, loaded);
    MeasureRepetition(contestants, plan.WorkOf(0, 0),
                      {.rep = 0, .design = config.design, .threads = 1, .rehearse_prompt = rehearse});
    EXPECT_EQ(contestants[1].error, "");
    rows.push_back(contestants[1].rep);
  }
  EXPECT_EQ(rows[0].output_sha256, rows[1].output_sha256);
}

}  // namespace repetition_test
}  // namespace plelab
