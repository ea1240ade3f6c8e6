// The child's side of a run, in this process: what it measures, and what it tells.
#include "harness/run/child.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <set>

#include "harness/record/recorder.h"
#include "harness/run/memory_phase.h"
#include "tests/support/fake_clock.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace child_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TinyRun;

const char* const kResidentAndDisk =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n";
const std::vector<std::string> kNames = {"resident", "disk", "resident@control"};

class Child : public ::testing::Test {
 protected:
  Child() { fs::create_directories(folder()); }
  std::string folder() const { return tiny_.folder() + "/parts"; }
  // A task on this config, which the parent has written for it.
  ChildTask Task(const std::string& design, const std::string& phase, const std::string& rest = "") const {
    testing::WriteText(folder() + "/config.yaml", tiny_.Config(design, kResidentAndDisk, rest).resolved_yaml);
    return {.config_path = folder() + "/config.yaml", .phase = phase, .part_path = folder() + "/part.h5"};
  }
  const TinyRun tiny_;
};

TEST_F(Child, OfOneRepetitionWritesTheTimesOfItsVariant) {
  ChildTask task = Task("isolate: process, warmup_steps: 2, reps: 3, memory_reps: 0", "time");
  task.rep = 2;
  std::map<std::string, std::string> outputs;
  for (const int64_t v : {0, 1}) {
    task.variant = v;
    MeasureAsChild(task);
    const Record part = ReadRecord(task.part_path);
    ASSERT_EQ(part.reps.size(), 1u);
    EXPECT_EQ(part.reps[0].variant, kNames[v]);
    EXPECT_EQ(part.reps[0].rep, 2);
    EXPECT_EQ(part.reps[0].process, 0);
    EXPECT_EQ(part.reps[0].order, 0);
    EXPECT_EQ(part.reps[0].excerpt, 2 * 21) << "behind what the two before it read";
    EXPECT_GT(part.reps[0].load_ns, 0);
    EXPECT_EQ(part.reps[0].valid_steps, 8);
    EXPECT_EQ(part.steps.size(), 8u);
    EXPECT_EQ(part.steps[3].rep, 2);
    EXPECT_EQ(part.steps[3].bytes_asked, 160 * v) << "resident asks for nothing";
    outputs[part.reps[0].output_sha256] = kNames[v];
  }
  EXPECT_EQ(outputs.size(), 1u) << "the same logits";
}

TEST_F(Child, WhosePartCannotBeWrittenSaysThatTheRunFailed) {
  ChildTask task = Task("isolate: process, warmup_steps: 0, reps: 1, memory_reps: 0", "time");
  testing::WriteText(tiny_.folder() + "/file", "");
  task.part_path = tiny_.folder() + "/file/part.h5";
  EXPECT_THROW(MeasureAsChild(task), PartNotWritten);
}

// Every reading of the clock is later by more than the time after which a child tells how far it is.
TEST_F(Child, OfSeveralRepetitionsTellsEachStepAndPutsTheirPartsBesideTheOthers) {
  ChildTask task = Task("warmup_steps: 2, reps: 4, processes: 2, memory_reps: 0", "turns",
                        "accuracy: {trace: missing.json}\n");
  task.part_path = folder();
  task.block = {.process = 1, .first = 2, .end = 4};
  const testing::FakeClock clock(1'000'000'000);
  ::testing::internal::CaptureStderr();
  MeasureAsChild(task);
  const std::string told = ::testing::internal::GetCapturedStderr();
  size_t at = 0;
  for (int64_t step = 1; step <= 2 * 10; ++step) {
    at = told.find(Format("@step {}\n", step), at);
    ASSERT_NE(at, std::string::npos) << step;
  }
  EXPECT_THAT(told, Not(HasSubstr("@step 21")));
  EXPECT_THAT(told, Not(HasSubstr("@step 0")));

  const PartStore parts(folder(), kNames);
  std::set<std::string> outputs;
  for (int64_t rep = 0; rep < 5; ++rep) {
    for (int64_t v = 0; v < 3; ++v) {
      ASSERT_EQ(parts.Has({Phase::kTime, v, rep}), rep == 2 || rep == 3) << rep << ", " << v;
      if (rep < 2 || rep > 3) continue;
      const RepRow& row = parts.Get({Phase::kTime, v, rep}).reps.at(0);
      EXPECT_EQ(row.variant, kNames[v]);
      EXPECT_EQ(row.rep, rep);
      EXPECT_EQ(row.process, 1);
      EXPECT_EQ(row.excerpt, rep * 21);
      outputs.insert(row.output_sha256);
    }
  }
  EXPECT_EQ(outputs.size(), 2u) << "one for each repetition";
}

TEST_F(Child, FindsItsConfigBesideTheParts) {
  EXPECT_EQ(ChildConfigPath(PartStore(folder(), kNames)), folder() + "/config.yaml");
}

// The counters of one variant by phase, in repetition 4.
std::map<std::string, std::map<std::string, double>> MemoryOf(const TinyRun& tiny, int64_t v) {
  const ExperimentConfig config =
      tiny.Config("warmup_steps: 2, reps: 2, memory_reps: 5", kResidentAndDisk,
                  "page_cache: {initial: cold, maintain: evict_each_step, verify: false}\n");
  const Record part = MeasureMemory(config, v, 4);
  EXPECT_EQ(part.memory.size(), 3u * 13);
  std::map<std::string, std::map<std::string, double>> bytes;
  for (const MemoryRow& row : part.memory) {
    EXPECT_EQ(row.variant, kNames[v]);
    EXPECT_EQ(row.rep, 4);
    bytes[row.phase][row.counter] = row.bytes;
  }
  EXPECT_EQ(part.curves.size(), 1u);
  const Curve& read = part.curves.at(0);
  EXPECT_EQ(read.name, "weights_read");
  EXPECT_EQ(read.x_unit, "repetition");
  EXPECT_EQ(read.y_unit, "bytes");
  EXPECT_EQ(read.rows.size(), 3u);
  for (const CurveRow& row : read.rows) {
    EXPECT_EQ(row.series, kNames[v]);
    EXPECT_EQ(row.x, 4);
    EXPECT_EQ(row.y > 0, row.label == "text") << row.label << ": there are no towers";
  }
  return bytes;
}

TEST(MemoryPhase, EachPhaseHasEachCounter) {
  const TinyRun tiny;
  const RunPlan plan = ResolvePlan(tiny.Config("warmup_steps: 2, reps: 2", kResidentAndDisk));
  const Gemma3n model = Gemma3n::Load(plan.checkpoint, {.dtype = DType::kFloat32});
  const auto kv = static_cast<double>(model.MakeKvCache(1, 12 + 2 + 8).nbytes());
  for (const int64_t v : {0, 1}) {
    auto bytes = MemoryOf(tiny, v);
    EXPECT_EQ(bytes.size(), 3u);
    for (const char* phase : {"loaded", "prefill", "decode"}) {
      auto& of = bytes[phase];
      EXPECT_EQ(of.size(), 13u) << phase;
      EXPECT_GT(of["anonymous"], 0) << phase;
      EXPECT_GT(of["file_backed"], 0) << phase;
      EXPECT_GE(of["peak_rss"], of["anonymous"]) << phase;
      EXPECT_FALSE(of["pss"] <= 0) << phase;
      EXPECT_FALSE(of["cgroup_peak"] <= 0) << phase << ": NaN where no group can be made";
      EXPECT_EQ(of["kv_cache"], kv) << phase;
      EXPECT_EQ(of["device"], 0) << phase;
      EXPECT_EQ(of["ple_fast"], v == 0 ? 96 * 160 : 0) << phase;
      EXPECT_EQ(of["token_embedding"], 120 * 48 * 4) << phase;
      EXPECT_EQ(of["text_stack"], static_cast<double>(model.weight_bytes().text_stack)) << phase;
      EXPECT_NE(of["text_stack"], of["token_embedding"]) << phase;
      EXPECT_EQ(of["vision"], 0) << phase;
      EXPECT_EQ(of["audio"], 0) << phase;
    }
    EXPECT_LE(bytes["loaded"]["ple_page_cache"], 96 * 160 + 8192) << "at most the table's pages";
  }
}

}  // namespace child_test
}  // namespace plelab
