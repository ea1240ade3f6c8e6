// The page cache of a repetition's steps at a limit, on a table that is larger.
#include "harness/measure/under_limit.h"

#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include <algorithm>
#include <filesystem>

#include "harness/plan/phase.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace under_limit_test {

constexpr int64_t kMiB = int64_t{1} << 20;

class UnderLimitTest : public ::testing::Test {
 protected:
  void SetUp() override {
    struct statfs where = {};
    statfs(folder_.path().c_str(), &where);
    if (where.f_type == TMPFS_MAGIC) GTEST_SKIP() << "a tmpfs has no storage behind its page cache";
    const std::string why_not = PageCacheLimit::WhyNot();
    if (!why_not.empty()) GTEST_SKIP() << "no limit can be set here: " << why_not;
    // A copy, which no other program reads.
    std::filesystem::copy(PLELAB_SOURCE_DIR "/configs/models/small", folder_ / "small");
  }

  // Times one repetition of a variant that reads rows with pread and without read-ahead.
  std::vector<StepRow> Steps(PageCacheLimit* limit, const std::string& page_cache) {
    const ExperimentConfig config = ParseExperimentConfig(
        "experiment: ple_strategies\nmodel: {checkpoint: " + folder_ / "small" +
            ", threads: 1}\nworkload: {text_file: " PLELAB_SOURCE_DIR
            "/configs/text/northanger_abbey.txt, warm_tokens: 4096, prompt_tokens: 32, decode_tokens: 96}\n"
            "design: {warmup_steps: 2, memory_reps: 0}\npage_cache: {" +
            page_cache + "}\nvariants:\n  - {name: pread, ple: {strategy: disk, advice: random}}\n",
        "limit.yaml");
    const RunPlan plan = ResolvePlan(config);
    LoadedModel loaded = LoadModel(plan.variants[0].config.model, plan.checkpoint);
    std::shared_ptr<PleSource> source =
        DefaultSourceMaker()(plan.variants[0].config, plan.variants[0].table, plan.WorkOf(0, 0).warm_ids);
    std::vector<Contestant> contestants;
    contestants.push_back(MakeContestant(plan, 0, 0, loaded, source, 0));
    RepetitionSetup setup{.design = config.design};
    setup.limit = limit;
    MeasureRepetition(contestants, plan.WorkOf(0, 0), setup);
    EXPECT_EQ(contestants[0].error, "");
    cached_ = CachedBytes(RangeOf(plan.table));
    table_ = plan.table.geometry.table_bytes();
    return contestants[0].steps;
  }

  testing::TemporaryFolder folder_;
  int64_t cached_ = 0, table_ = 0;
};

// Steps that found their row in the page cache.
int64_t Found(const std::vector<StepRow>& steps) {
  return std::ranges::count_if(steps, [](const StepRow& step) { return step.bytes_moved == 0; });
}

TEST_F(UnderLimitTest, StepsFindSomeRowsAndReadTheOthersAgain) {
  PageCacheLimit limit(kMiB);
  const std::vector<StepRow> steps = Steps(&limit, "initial: cold, maintain: none, limit: 1MiB");
  ASSERT_EQ(steps.size(), 96u);
  EXPECT_GT(table_, 4 * kMiB);
  EXPECT_LE(cached_, kMiB + kMiB / 2);
  EXPECT_GT(cached_, kMiB / 2) << "the rows of warm_ids have filled it";
  EXPECT_GT(Found(steps), 10);
  EXPECT_LT(Found(steps), 90);
}

TEST_F(UnderLimitTest, WithoutALimitWarmRowsAreAllFound) {
  const std::vector<StepRow> steps = Steps(nullptr, "initial: warm, maintain: none");
  EXPECT_EQ(cached_, table_);
  EXPECT_GE(Found(steps), 94);
}

TEST_F(UnderLimitTest, WhatIsEvictedBeforeEachStepIsNotWarmed) {
  PageCacheLimit limit(kMiB);
  const std::vector<StepRow> steps = Steps(&limit, "initial: cold, maintain: evict_each_step, limit: 1MiB");
  EXPECT_LE(Found(steps), 2);
}

}  // namespace under_limit_test
}  // namespace plelab
