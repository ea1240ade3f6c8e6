// Who still runs, and with whom the others are compared, as variants fail.
#include "harness/plan/phase.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/tiny_run.h"

namespace plelab {
namespace phase_test {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const char* const kVariants =
    "  - {name: dropped, ple: {strategy: dropped}}\n  - {name: disk, ple: {strategy: disk}}\n"
    "  - {name: resident, ple: {strategy: resident}}\n";

TEST(PhaseTest, WhoFailedIsLeftOutAndTheNextExactOneIsTheBaseline) {
  const testing::TinyRun tiny;
  const RunPlan plan = ResolvePlan(tiny.Config("reps: 5, memory_reps: 0, control: false", kVariants));
  const testing::TemporaryFolder folder;
  PartStore parts(folder.path(), {"dropped", "disk", "resident"});
  ModelShelf models;
  const PhaseContext context{plan, parts, models, DefaultSourceMaker()};
  const VariantGroup& group = plan.groups.at(0);
  EXPECT_THAT(LiveVariants(context, group), ElementsAre(0, 1, 2));
  EXPECT_EQ(LiveBaseline(context, group), 1) << "dropped is not exact";
  EXPECT_EQ(context.name(1), "disk");
  parts.Fail(1, "broke");
  EXPECT_THAT(LiveVariants(context, group), ElementsAre(0, 2));
  EXPECT_EQ(LiveBaseline(context, group), 2);
  parts.Fail(2, "broke");
  EXPECT_EQ(LiveBaseline(context, group), -1);
  parts.Fail(0, "broke");
  EXPECT_THAT(LiveVariants(context, group), IsEmpty());
}

TEST(PhaseTest, ASourceIsMadeAsTheVariantAsks) {
  const testing::TinyRun tiny;
  const RunPlan plan = ResolvePlan(tiny.Config("reps: 5, memory_reps: 0, control: false", kVariants));
  const auto make = [&](int64_t v) {
    return DefaultSourceMaker()(plan.variants[v].config, plan.variants[v].table, {});
  };
  EXPECT_EQ(make(1)->fast_bytes(), 0);
  EXPECT_EQ(make(2)->fast_bytes(), plan.table.geometry.table_bytes());
}

TEST(PhaseTest, ACacheIsWarmedWithTheIdsThatItIsGiven) {
  const testing::TinyRun tiny;
  const RunPlan plan = ResolvePlan(
      tiny.Config("reps: 2", "  - {name: c, ple: {strategy: cached, capacity: 50%, initial: warmed}}\n"));
  const std::vector<int64_t> warm = {7, 9}, asked = {9, 11};
  const auto hits = [&](std::span<const int64_t> warm_ids) {
    const auto source = DefaultSourceMaker()(plan.variants[0].config, plan.variants[0].table, warm_ids);
    source->Begin(asked)->Layer(0);
    return source->stats().hits;
  };
  EXPECT_EQ(hits(warm), 1);
  EXPECT_EQ(hits({}), 0);
}

}  // namespace phase_test
}  // namespace plelab
