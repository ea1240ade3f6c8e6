// What a step read, moved and held, for each way to hold rows: counted by hand from the checkpoint's shape.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "harness/plan/run_plan.h"
#include "harness/run/runner.h"
#include "harness/storage/storage.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace step_counters_test {

using ::testing::Each;
using ::testing::Ge;
using testing::TinyRun;

const char* const kOneRep = "warmup_steps: 2, reps: 1, memory_reps: 0";
const char* const kEveryKind =
    "  - {name: resident, ple: {strategy: resident}}\n"
    "  - {name: disk, ple: {strategy: disk}}\n"
    "  - {name: cached, ple: {strategy: cached, capacity: 640B}}\n"
    "  - {name: folded, ple: {strategy: folded, over: {strategy: resident}}}\n"
    "  - {name: zero_row, ple: {strategy: dropped, mode: zero_row}}\n"
    "  - {name: projection_only, ple: {strategy: dropped, mode: projection_only}}\n"
    "  - {name: block_off, ple: {strategy: dropped, mode: block_off}}\n";

Record RunOf(const TinyRun& tiny, const std::string& variants, const std::string& rest = "") {
  const RunResult result = plelab::Run(tiny.Config(kOneRep, variants, rest), tiny.Options());
  EXPECT_FALSE(result.any_failed);
  return result.record;
}

// The column of a variant's steps.
std::vector<int64_t> Column(const Record& record, const std::string& variant, int64_t StepRow::*column) {
  std::vector<int64_t> values;
  for (const StepRow& step : record.steps) {
    if (step.variant == variant) values.push_back(step.*column);
  }
  EXPECT_EQ(values.size(), 8u) << variant;
  return values;
}

TEST(StepCounters, AStepMustReadTheRowsAndWeightsThatItsKindUses) {
  const TinyRun tiny;
  const RunPlan plan = ResolvePlan(tiny.Config(kOneRep, kEveryKind));
  const TextConfig& c = plan.model_config.text;
  const int64_t ple = c.hidden_size_per_layer_input, row = c.num_hidden_layers * ple * 4;  // float32
  ASSERT_EQ(plan.table.geometry.row_bytes(), row);
  const int64_t projection = 4 * (c.num_hidden_layers * ple * c.hidden_size + ple);
  const int64_t branches = 4 * c.num_hidden_layers * (2 * ple * c.hidden_size + 2 * c.hidden_size);

  const Record record = RunOf(tiny, kEveryKind);
  const auto bytes = [&](const std::string& v) { return Column(record, v, &StepRow::step_bytes).at(5); };
  const int64_t zero_row = bytes("zero_row");
  EXPECT_EQ(bytes("resident"), zero_row + row);
  EXPECT_EQ(bytes("disk"), zero_row + row);
  EXPECT_EQ(bytes("cached"), zero_row + row);
  EXPECT_EQ(bytes("projection_only"), zero_row);
  EXPECT_EQ(bytes("folded"), zero_row + row - projection);  // the finished input is float32 as well
  EXPECT_EQ(bytes("block_off"), zero_row - projection - branches);
}

TEST(StepCounters, ASourceHoldsWhatItHoldsAfterTheStep) {
  const TinyRun tiny;
  const int64_t row = ResolvePlan(tiny.Config(kOneRep, kEveryKind)).table.geometry.row_bytes();
  const Record record = RunOf(tiny, kEveryKind);
  const auto held = [&](const std::string& v) { return Column(record, v, &StepRow::held_bytes); };
  EXPECT_THAT(held("resident"), Each(96 * row));
  EXPECT_THAT(held("folded"), Each(96 * row));
  EXPECT_THAT(held("cached"), Each(4 * row)) << "full after a prompt of 12";
  for (const char* none : {"disk", "zero_row", "block_off"}) EXPECT_THAT(held(none), Each(0)) << none;
}

TEST(StepCounters, ACacheFillsRowByRow) {
  const TinyRun tiny;
  const Record record = RunOf(
      tiny, "  - {name: cached, ple: {strategy: cached, capacity: 100%, over: {strategy: resident}}}\n");
  const int64_t table = 96 * 160;
  int64_t rows = 0, last = 0;
  for (const StepRow& step : record.steps) {
    rows += step.misses;
    EXPECT_GE(step.held_bytes, last);
    if (last > 0) {
      EXPECT_EQ(step.held_bytes, last + step.misses * 160);
    }
    last = step.held_bytes;
  }
  EXPECT_GT(rows, 0);
  EXPECT_LT(last, 2 * table);
  EXPECT_EQ(record.variants.at(0).fast_bytes, 2 * table) << "what it can hold, and the table below";
}

const char* const kEveryBackend =
    "  - {name: resident, ple: {strategy: resident}}\n"
    "  - {name: pread, ple: {strategy: disk}}\n"
    "  - {name: pread_random, ple: {strategy: disk, advice: random}}\n"
    "  - {name: mmap, ple: {strategy: disk, backend: mmap}}\n"
    "  - {name: mmap_random, ple: {strategy: disk, backend: mmap, advice: random, prefetch: false}}\n";

bool OnATmpfs(const TinyRun& tiny) {
  struct statfs where = {};
  return statfs(tiny.folder().c_str(), &where) == 0 && where.f_type == TMPFS_MAGIC;
}

// A mapped page is not evicted: without ReleasePages the mapped variants would read nothing after their first
// step, and nor would the others, which read the same file.
TEST(StepCounters, WhatIsEvictedBeforeEachStepIsMovedInEachStep) {
  const TinyRun tiny;
  if (OnATmpfs(tiny)) GTEST_SKIP() << "a tmpfs has no device behind it";
  const Record record =
      RunOf(tiny, kEveryBackend, "page_cache: {initial: cold, maintain: evict_each_step, verify: true}\n");
  for (const char* v : {"pread", "pread_random", "mmap", "mmap_random"}) {
    const auto moved = Column(record, v, &StepRow::bytes_moved);
    if (moved.front() == kBytesUnknown) GTEST_SKIP() << "/proc/self/io cannot be read here";
    EXPECT_THAT(moved, Each(Ge(4096))) << v;
    EXPECT_THAT(Column(record, v, &StepRow::bytes_asked), Each(160)) << v;
  }
  for (const char* v : {"pread_random", "mmap_random"}) {
    EXPECT_THAT(Column(record, v, &StepRow::bytes_moved), Each(::testing::Le(8192))) << v;
  }
  const auto resident = Column(record, "resident", &StepRow::bytes_moved);
  EXPECT_GE(std::ranges::count(resident, 0), 6) << "the program's own pages may be read now and then";
}

TEST(StepCounters, AWarmReadMovesNothing) {
  const TinyRun tiny;
  const Record record = RunOf(tiny, kEveryBackend, "page_cache: {initial: warm, maintain: none}\n");
  for (const char* v : {"resident", "pread", "pread_random", "mmap", "mmap_random"}) {
    const auto moved = Column(record, v, &StepRow::bytes_moved);
    if (moved.front() == kBytesUnknown) GTEST_SKIP() << "/proc/self/io cannot be read here";
    EXPECT_GE(std::ranges::count(moved, 0), 6) << v;
    EXPECT_THAT(Column(record, v, &StepRow::bytes_asked), Each(v == std::string("resident") ? 0 : 160)) << v;
  }
}

TEST(StepCounters, ARepetitionSaysHowFarTheDeviceOfItsFileReadsAhead) {
  const TinyRun tiny;
  const Record record = RunOf(tiny, kEveryBackend);
  const double read_ahead = ReadAheadBytes(tiny.shard());
  for (const RepRow& rep : record.reps) {
    const bool reads = rep.variant.starts_with("pread") || rep.variant.starts_with("mmap");
    if (reads && !std::isnan(read_ahead)) {
      EXPECT_EQ(rep.read_ahead_bytes, read_ahead) << rep.variant;
    } else {
      EXPECT_TRUE(std::isnan(rep.read_ahead_bytes)) << rep.variant;
    }
  }
}

}  // namespace step_counters_test
}  // namespace plelab
