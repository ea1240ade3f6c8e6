// Who takes turns as variants fail, how often sources are made, and what a block of repetitions leaves.
#include "harness/run/side_by_side.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>

#include "harness/machine/page_cache_limit.h"
#include "harness/storage/storage.h"
#include "model/base/error.h"
#include "model/base/format.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace side_by_side_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TinyRun;

const char* const kDesign = "warmup_steps: 1, reps: 3, memory_reps: 0";
const char* const kThree =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n"
    "  - {name: cached, ple: {strategy: cached, capacity: 25%, initial: empty}}\n";

class SideBySide : public ::testing::Test {
 protected:
  // The context of a run of these variants, whose sources are counted by name; `broken` has none.
  PhaseContext& Start(const std::string& variants, const std::string& rest = "",
                      const std::string& broken = "") {
    plan_ = ResolvePlan(tiny_.Config(kDesign, variants, rest));
    std::vector<std::string> names;
    for (const VariantPlan& variant : plan_.variants) names.push_back(variant.name());
    parts_.emplace(tiny_.folder() + "/parts", names);
    const auto maker = [this, broken](const VariantConfig& variant, const PleTable& table,
                                      std::span<const int64_t> warm_ids) {
      ++made_[variant.name];
      if (variant.name == broken) throw RunError("no source today");
      return DefaultSourceMaker()(variant, table, warm_ids);
    };
    context_.reset(new PhaseContext{plan_, *parts_, models_, maker});
    return *context_;
  }
  const VariantGroup& group() const { return plan_.groups.at(0); }
  bool Has(int64_t v, int64_t rep) const { return parts_->Has({Phase::kTime, v, rep}); }

  const TinyRun tiny_;
  RunPlan plan_;
  std::optional<PartStore> parts_;
  ModelShelf models_;
  std::map<std::string, int> made_;
  std::unique_ptr<PhaseContext> context_;
};

TEST_F(SideBySide, ATwinFailsWithItsBaseline) {
  PhaseContext& context = Start(kThree);
  ASSERT_EQ(group().control, 3);
  EXPECT_THAT(InTurn(context, group()), ElementsAre(0, 1, 2, 3));
  parts_->Fail(1, "broke");
  EXPECT_THAT(InTurn(context, group()), ElementsAre(0, 2, 3));
  EXPECT_FALSE(parts_->HasFailed(3));
  parts_->Fail(0, "broke");
  EXPECT_THAT(InTurn(context, group()), ElementsAre(2));
  EXPECT_EQ(parts_->ErrorOf(3), "it is the twin of 'resident', which failed");
}

TEST_F(SideBySide, ATwinThatFailedIsLeftOut) {
  PhaseContext& context = Start(kThree);
  parts_->Fail(3, "broke");
  EXPECT_THAT(InTurn(context, group()), ElementsAre(0, 1, 2));
}

TEST_F(SideBySide, MeasuresTheRepetitionsOfItsBlockAndTellsEachStep) {
  PhaseContext& context = Start(kThree);
  std::vector<std::pair<int64_t, int64_t>> steps;
  context.on_step = [&](int64_t rep, int64_t step) { steps.emplace_back(rep, step); };
  RunSideBySide(context, group(), {.process = 5, .first = 1, .end = 3});
  for (int64_t v = 0; v < 4; ++v) {
    EXPECT_FALSE(Has(v, 0));
    ASSERT_TRUE(Has(v, 1) && Has(v, 2)) << v;
    EXPECT_EQ(parts_->Get({Phase::kTime, v, 2}).reps.at(0).process, 5);
    EXPECT_EQ(parts_->Get({Phase::kTime, v, 2}).reps.at(0).rep, 2);
  }
  std::vector<std::pair<int64_t, int64_t>> expected;
  for (int64_t rep = 1; rep < 3; ++rep) {
    for (int64_t step = 1; step <= 1 + 8; ++step) expected.emplace_back(rep, step);
  }
  EXPECT_EQ(steps, expected);
  EXPECT_EQ(made_, (std::map<std::string, int>{{"resident", 1}, {"disk", 1}, {"cached", 2}}))
      << "the twin shares the baseline's, a cache is made anew";
  RunSideBySide(context, group(), {.process = 5, .first = 1, .end = 3});
  EXPECT_EQ(made_["cached"], 2) << "what is there is not measured again";
}

TEST_F(SideBySide, ATwinOfACacheHasASourceOfItsOwn) {
  PhaseContext& context = Start(
      "  - {name: cached, ple: {strategy: cached, capacity: 25%, initial: empty}}\n"
      "  - {name: disk, ple: {strategy: disk}}\n");
  RunSideBySide(context, group(), {.process = 0, .first = 0, .end = 3});
  EXPECT_EQ(made_, (std::map<std::string, int>{{"cached", 3}, {"cached@control", 3}, {"disk", 1}}));
}

TEST_F(SideBySide, AVariantWithoutASourceFailsAlone) {
  PhaseContext& context = Start(kThree, "", "disk");
  RunSideBySide(context, group(), {.process = 0, .first = 0, .end = 2});
  EXPECT_EQ(parts_->ErrorOf(1), "no source today");
  EXPECT_EQ(made_["disk"], 1) << "it is not tried again";
  for (const int64_t v : {0, 2, 3}) {
    EXPECT_TRUE(Has(v, 0) && Has(v, 1)) << v;
    EXPECT_FALSE(parts_->HasFailed(v)) << v;
  }
  EXPECT_FALSE(Has(1, 0) || Has(1, 1));
  EXPECT_TRUE(HasRepetition(context, group(), 1)) << "of those that take turns";
  EXPECT_FALSE(HasRepetition(context, group(), 2));
}

TEST_F(SideBySide, WhereNobodyIsLeftNothingIsMeasured) {
  PhaseContext& context = Start("  - {name: disk, ple: {strategy: disk}}\n", "", "disk");
  RunSideBySide(context, group(), {.process = 0, .first = 0, .end = 2});
  EXPECT_TRUE(parts_->HasFailed(0));
  EXPECT_TRUE(HasRepetition(context, group(), 0)) << "of nobody";
}

TEST_F(SideBySide, AGroupWithoutALimitIsNotSkippedAndOneThatCannotHaveItIs) {
  PhaseContext& without = Start(kThree);
  SkipWhatCannotBeLimited(without, group());
  EXPECT_THAT(InTurn(without, group()), ElementsAre(0, 1, 2, 3));
  const std::string why_not = PageCacheLimit::WhyNot();
  PhaseContext& limited = Start(kThree, "page_cache: {limit: 64MiB}\n");
  SkipWhatCannotBeLimited(limited, group());
  EXPECT_EQ(InTurn(limited, group()).size(), why_not.empty() ? 4u : 0u);
  if (why_not.empty()) return;
  EXPECT_EQ(parts_->ErrorOf(2), "page_cache.limit cannot be set here: " + why_not);
  EXPECT_EQ(parts_->Get({Phase::kFailed, 2, 0}).variants.at(0).status, "skipped");
}

TEST_F(SideBySide, AReadAheadThatDoesNotFitIntoTheLimitIsNotLetIn) {
  if (!PageCacheLimit::WhyNot().empty()) GTEST_SKIP() << PageCacheLimit::WhyNot();
  PhaseContext& context = Start(
      "  - {name: resident, ple: {strategy: resident}}\n"
      "  - {name: mmap, ple: {strategy: disk, backend: mmap}}\n"
      "  - {name: pread, ple: {strategy: disk, backend: pread}}\n"
      "  - {name: mmap_random, ple: {strategy: disk, backend: mmap, advice: random}}\n"
      "  - {name: direct, ple: {strategy: disk, backend: direct}}\n"
      "  - {name: cached, ple: {strategy: cached, capacity: 25%, initial: empty, over: {strategy: disk, "
      "backend: pread}}}\n",
      "page_cache: {limit: 4KiB}\n");
  const double ahead = ReadAheadBytes(tiny_.shard());
  if (!(ahead >= 4096)) GTEST_SKIP() << "a read-ahead of " << ahead << " bytes fits";
  SkipWhatCannotBeLimited(context, group());
  EXPECT_THAT(InTurn(context, group()), ElementsAre(0, 3, 4, 6)) << "resident, mmap_random, direct, the twin";
  for (const int64_t v : {1, 2, 5})
    EXPECT_THAT(parts_->ErrorOf(v), HasSubstr(Format("read-ahead of {} KiB does not fit into 4 KiB",
                                                     static_cast<int64_t>(ahead) / 1024)));
}

}  // namespace side_by_side_test
}  // namespace plelab
