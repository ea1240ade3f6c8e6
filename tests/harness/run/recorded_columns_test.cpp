// Every column of /tables/steps and /tables/reps that a source decides, from a source whose counts are known
// and all different.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <set>
#include <thread>

#include "harness/plan/phase.h"
#include "harness/record/recorder.h"
#include "harness/run/runner.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace recorded_columns_test {

using testing::TinyRun;

// What each request of a step counts, and thrice that for a prompt.
PleStats OfAStep() {
  PleStats stats;
  stats.lookups = 11;
  stats.hits = 4;
  stats.misses = 7;
  stats.read_calls = 3;
  stats.bytes_asked = 640;
  stats.read_ns = 5'001;
  stats.hidden_ns = 2'003;
  stats.wait_ns = 9'007;
  return stats;
}
const PleStats kStep = OfAStep();
constexpr auto kPause = std::chrono::milliseconds(3);  // before a request is answered

// The rows of another source under these counts.
class Counting : public PleWrapper {
 public:
  explicit Counting(std::unique_ptr<PleSource> over) : PleWrapper(std::move(over)) {}
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override {
    std::this_thread::sleep_for(kPause);
    for (int i = 0; i < (ids.size() > 1 ? 3 : 1); ++i) counts_ = counts_ + kStep;
    return PleWrapper::Begin(ids);
  }
  PleStats stats() const override { return counts_; }
  bool keeps_state() const override { return true; }

 private:
  PleStats counts_ = kStep;  // of some other time: a row holds what its own step counted
};

const char* const kVariants =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: counted, ple: {strategy: disk}}\n";

struct CountedRun {
  CountedRun() {
    RunOptions options = tiny.Options();
    options.make_source = [](const VariantConfig& variant, const PleTable& table,
                             std::span<const int64_t> ids) -> std::unique_ptr<PleSource> {
      auto source = DefaultSourceMaker()(variant, table, ids);
      if (variant.name != "counted") return source;
      return std::make_unique<Counting>(std::move(source));
    };
    plelab::Run(tiny.Config(testing::kInProcess, kVariants), options);
    record = ReadRecord(tiny.out());
  }
  TinyRun tiny;
  Record record;
};

TEST(RecordedColumns, EachCountOfAStepStandsInItsOwn) {
  const CountedRun run;
  int64_t steps = 0;
  for (const StepRow& row : run.record.steps) {
    if (row.variant != "counted") continue;
    ++steps;
    EXPECT_EQ(row.lookups, kStep.lookups);
    EXPECT_EQ(row.hits, kStep.hits);
    EXPECT_EQ(row.misses, kStep.misses);
    EXPECT_EQ(row.read_calls, kStep.read_calls);
    EXPECT_EQ(row.bytes_asked, kStep.bytes_asked);
    EXPECT_NE(row.bytes_moved, kStep.bytes_asked) << "what the source asked for is not what moved";
    EXPECT_EQ(row.ple_read_ns, kStep.read_ns);
    EXPECT_EQ(row.ple_hidden_ns, kStep.hidden_ns);
    EXPECT_EQ(row.ple_wait_ns, kStep.wait_ns);
    EXPECT_GE(row.step_ns, std::chrono::nanoseconds(kPause).count()) << "a step begins with its request";
    EXPECT_TRUE(row.predecessor == "resident" || row.predecessor == "resident@control") << row.predecessor;
  }
  EXPECT_EQ(steps, 2 * 8);
}

TEST(RecordedColumns, StepsAreNumberedFromTheFirstMeasuredOne) {
  const CountedRun run;
  std::map<std::string, std::vector<std::pair<int64_t, int64_t>>> places;
  for (const StepRow& row : run.record.steps) places[row.variant].emplace_back(row.rep, row.step);
  std::vector<std::pair<int64_t, int64_t>> expected;
  for (int64_t rep = 0; rep < 2; ++rep) {
    for (int64_t step = 0; step < 8; ++step) expected.emplace_back(rep, step);
  }
  ASSERT_EQ(places.size(), 3u);
  for (auto& [variant, found] : places) {
    std::ranges::sort(found);
    EXPECT_EQ(found, expected) << variant;
  }
}

TEST(RecordedColumns, OfARepetitionAreItsOwn) {
  const CountedRun run;
  std::map<int64_t, std::set<int64_t>> orders;
  for (const RepRow& row : run.record.reps) {
    orders[row.rep].insert(row.order);
    EXPECT_EQ(row.valid_steps, 8);
    EXPECT_GT(row.started_unix_ns, int64_t{1'700'000'000} * 1'000'000'000);
    EXPECT_GT(row.load_ns, 0);
    EXPECT_GT(row.prefill_ns, 0);
    EXPECT_GT(row.bandwidth_before, 0);
    EXPECT_GT(row.bandwidth_after, 0);
    EXPECT_GE(row.ttft_ns, row.prefill_ns) << "the first token needs the request and the pass";
    if (row.variant != "counted") continue;
    EXPECT_EQ(row.prefill_ple_wait_ns, 3 * kStep.wait_ns);
    EXPECT_GE(row.ttft_ns - row.prefill_ns, std::chrono::nanoseconds(kPause).count());
    EXPECT_EQ(row.cache_start, "none");
  }
  const std::set<int64_t> places = {0, 1, 2};
  EXPECT_EQ(orders, (std::map<int64_t, std::set<int64_t>>{{0, places}, {1, places}}));
}

TEST(RecordedColumns, APromptWithoutMediaHasNoTimesOfEncoding) {
  EXPECT_TRUE(CountedRun().record.curves.empty());
}

TEST(RecordedColumns, EachCacheSaysHowItStarted) {
  const TinyRun tiny;
  const Record record =
      plelab::Run(tiny.Config(testing::kInProcess, testing::kSixVariants), tiny.Options()).record;
  for (const RepRow& row : record.reps) {
    EXPECT_EQ(row.cache_start, row.variant == "cached" ? "warmed" : "none") << row.variant;
  }
}

}  // namespace recorded_columns_test
}  // namespace plelab
