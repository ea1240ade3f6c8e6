#include "experiments/replay/measure/replay_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "experiments/replay/measure/replayed_step.h"
#include "experiments/replay/tables/random_file.h"
#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace {

using ::testing::ElementsAre;
using testing::TemporaryFolder;

constexpr uint64_t kSeed = 5;

// Tables of 64-byte rows, small enough for a test.
ReplayGeometry SmallTable() {
  return {.name = "small",
          .table = {.vocab = 512, .layers = 4, .dim = 8, .dtype = DType::kBFloat16},
          .rows_of = RowsOf::kTokenId,
          .groups = {{.rows = 512}},
          .model_layers = 4,
          .source = "",
          .assumed = ""};
}

ReplayGeometry SmallHashedTables() {
  ReplayGeometry geometry = SmallTable();
  geometry.table = {.vocab = 600, .layers = 1, .dim = 64, .dtype = DType::kUInt8};
  geometry.rows_of = RowsOf::kNgramHash;
  geometry.groups = {{.rows = 200, .rows_per_token = 6, .needed_after_layer = 1},
                     {.first_row = 200, .rows = 400, .rows_per_token = 8, .needed_after_layer = 3}};
  return geometry;
}

std::vector<int64_t> SomeText() {
  std::vector<int64_t> text;
  for (int64_t i = 0; i < 400; ++i) text.push_back(i * i % 97);
  return text;
}

class ReplayRunTest : public ::testing::Test {
 protected:
  ReplayPlan PlanOf(const std::string& spec, const ReplayGeometry& geometry = SmallTable()) {
    const RandomFile file =
        MakeRandomFile({.folder = folder_.path(), .wanted_bytes = geometry.bytes(), .seed = kSeed});
    ReplayPlan plan{.geometry = geometry, .published_rows = geometry.table.vocab};
    plan.table = {.path = file.path, .geometry = geometry.table};
    plan.ple = ParsePleSpec(spec);
    plan.text = SomeText();
    plan.step_ms = 0.05;
    plan.reps = 5;
    plan.steps = 12;
    plan.warmup_steps = 2;
    plan.settle_us = 0;
    plan.expected = [geometry](const StepRows& rows) { return ExpectedChecksum(geometry, rows, kSeed); };
    return plan;
  }

  const TemporaryFolder folder_;
  StandIn stand_in_{1, 4, 1 << 20};
};

// Notes in which order a step asks.
class NotingSource : public PleWrapper {
 public:
  NotingSource(std::unique_ptr<PleSource> over, std::vector<std::string>& notes)
      : PleWrapper(std::move(over)), notes_(notes) {}
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override {
    notes_.push_back(Format("begin {}", ids.size()));
    return std::make_unique<Request>(over().Begin(ids), notes_, std::ssize(ids));
  }

 private:
  class Request : public PleRequest {
   public:
    Request(std::unique_ptr<PleRequest> over, std::vector<std::string>& notes, int64_t n)
        : over_(std::move(over)), notes_(notes), n_(n) {}
    std::span<const std::byte> Layer(int64_t layer) override {
      notes_.push_back(Format("layer {} of {}", layer, n_));
      return over_->Layer(layer);
    }

   private:
    std::unique_ptr<PleRequest> over_;
    std::vector<std::string>& notes_;
    int64_t n_;
  };
  std::vector<std::string>& notes_;
};

TEST_F(ReplayRunTest, AStepBeginsAtOnceAndAsksForEachLayerAtItsEnd) {
  const ReplayPlan plan = PlanOf("disk");
  std::vector<std::string> notes;
  NotingSource source(MakePleSource(plan.ple, plan.table), notes);
  ReplayStep(stand_in_, plan.geometry, {{3}}, &source);
  EXPECT_THAT(notes, ElementsAre("begin 1", "layer 0 of 1", "layer 1 of 1", "layer 2 of 1", "layer 3 of 1"));
}

TEST_F(ReplayRunTest, HashedTablesAreAllBegunAtOnceAndAskedForWhereTheyAreNeeded) {
  const ReplayPlan plan = PlanOf("disk", SmallHashedTables());
  std::vector<std::string> notes;
  NotingSource source(MakePleSource(plan.ple, plan.table), notes);
  ReplayStep(stand_in_, plan.geometry, {{3, 4}, {200, 201, 202}}, &source);
  EXPECT_THAT(notes, ElementsAre("begin 2", "begin 3", "layer 0 of 2", "layer 0 of 3"));
}

TEST_F(ReplayRunTest, TheChecksumIsThatOfTheFilesBytes) {
  for (const ReplayGeometry& geometry : {SmallTable(), SmallHashedTables()}) {
    const ReplayPlan plan = PlanOf("disk", geometry);
    const auto source = MakePleSource(plan.ple, plan.table);
    for (int64_t position = 0; position < 20; ++position) {
      const StepRows rows = RowsOfStep(geometry, geometry.table.vocab, plan.text, position);
      EXPECT_EQ(ReplayStep(stand_in_, geometry, rows, source.get()).checksum,
                ExpectedChecksum(geometry, rows, kSeed));
    }
    EXPECT_EQ(ReplayStep(stand_in_, geometry, {{1}}, nullptr).checksum, 0u);
  }
}

TEST_F(ReplayRunTest, EveryExactStrategyReadsTheTablesRows) {
  for (const char* spec : {"resident", "disk", "disk,backend=direct", "disk,backend=mmap,prefetch=false",
                           "cached,capacity=1KiB,initial=warmed"}) {
    for (const ReplayGeometry& geometry : {SmallTable(), SmallHashedTables()}) {
      const ReplayResult result = RunReplay(PlanOf(spec, geometry), stand_in_);
      EXPECT_TRUE(result.rows_checked) << spec;
      EXPECT_EQ(result.steps.size(), 3u * 5 * 12) << spec;
    }
  }
}

TEST_F(ReplayRunTest, WrongRowsAreAnErrorAndNoTime) {
  ReplayPlan plan = PlanOf("disk");
  plan.expected = [](const StepRows& rows) { return ExpectedChecksum(SmallTable(), rows, kSeed + 1); };
  EXPECT_THROW(RunReplay(plan, stand_in_), RunError);
}

TEST_F(ReplayRunTest, OtherRowsThanTheBaselinesAreAnErrorToo) {
  ReplayPlan plan = PlanOf("disk");
  plan.expected = nullptr;
  ReplayPlan other = PlanOf("disk");
  other.table.offset_bytes = 64;  // every row is its neighbour
  other.table.geometry.vocab -= 1;
  const auto resident = MakePleSource(ParsePleSpec("resident"), other.table);
  plan.resident = resident.get();
  EXPECT_THROW(RunReplay(plan, stand_in_), RunError);
}

TEST_F(ReplayRunTest, RowsThatAreMeantToDifferAreNotChecked) {
  EXPECT_FALSE(RunReplay(PlanOf("dropped,mode=zero_row"), stand_in_).rows_checked);
}

TEST_F(ReplayRunTest, AllTakeTheSameStepsAndTheBaselineReadsNothing) {
  ReplayPlan plan = PlanOf("disk");
  const auto resident = MakePleSource(ParsePleSpec("resident"), plan.table);
  plan.resident = resident.get();
  const ReplayResult result = RunReplay(plan, stand_in_);
  std::map<std::string, std::vector<int64_t>> tokens;
  for (const ReplayStepRow& row : result.steps) {
    tokens[row.variant].push_back(row.token_id);
    EXPECT_EQ(row.lookups, 1);
    EXPECT_EQ(row.read_calls, row.variant == "disk" ? 1 : 0);
    EXPECT_EQ(row.bytes_asked, row.variant == "disk" ? 64 : 0);
    EXPECT_GT(row.step_ns, 0);
    EXPECT_NE(row.predecessor, row.variant);
  }
  ASSERT_EQ(tokens.size(), 3u);
  EXPECT_EQ(tokens["disk"], tokens["resident"]);
  EXPECT_EQ(tokens["disk"], tokens["resident@control"]);
  EXPECT_EQ(tokens["disk"][0], SomeText()[2]);        // after the warm-up
  EXPECT_EQ(tokens["disk"][12], SomeText()[80 + 2]);  // 400 / 5 further on
}

TEST_F(ReplayRunTest, EachFollowsEachOtherAboutEquallyOften) {
  std::map<std::string, int> follows;
  for (const ReplayStepRow& row : RunReplay(PlanOf("disk"), stand_in_).steps)
    ++follows[row.predecessor + row.variant];
  EXPECT_EQ(follows.size(), 6u);
  for (const auto& [pair, count] : follows) EXPECT_NEAR(count, 3 * 5 * 12 / 6, 5) << pair;
}

TEST_F(ReplayRunTest, AWarmedCacheHoldsTheIdsBeforeTheExcerpt) {
  ReplayPlan plan = PlanOf("cached,capacity=512KiB,initial=warmed");  // more than the table
  plan.steps = 20;
  int64_t later = 0, hits = 0;
  for (const ReplayStepRow& row : RunReplay(plan, stand_in_).steps) {
    if (row.variant != "cached" || row.rep == 0) continue;  // nothing lies before the first excerpt
    ++later;
    hits += row.hits;
  }
  EXPECT_EQ(later, 4 * 20);
  // The squares modulo 97 have a period of 97 and 49 values, nearly all of which the 80 ids before have
  // shown.
  EXPECT_EQ(hits, later);
}

TEST_F(ReplayRunTest, ALimitOfTimeEndsRepetitionsAfterWholeSetsOfRounds) {
  ReplayPlan plan = PlanOf("disk");
  plan.most_seconds = 1e-9;
  EXPECT_EQ(RunReplay(plan, stand_in_).steps.size(), 3u * 5 * 6);
}

TEST_F(ReplayRunTest, WithoutRowsTheBaselineAsksForNothing) {
  for (const ReplayStepRow& row : RunReplay(PlanOf("disk"), stand_in_).steps) {
    EXPECT_EQ(row.lookups, row.variant == "disk" ? 1 : 0) << row.variant;
  }
}

TEST_F(ReplayRunTest, FoldedInputsNeedAModel) {
  EXPECT_THROW(RunReplay(PlanOf("folded"), stand_in_), UserError);
}

TEST(ExcerptStart, ExcerptsDoNotOverlap) {
  EXPECT_EQ(ExcerptStart(1000, 5, 200, 0), 0);
  EXPECT_EQ(ExcerptStart(1000, 5, 200, 4), 800);
  EXPECT_EQ(ExcerptStart(1000, 5, 10, 4), 800);  // far apart
  EXPECT_THROW(ExcerptStart(1000, 5, 201, 0), UserError);
}

}  // namespace
}  // namespace plelab
