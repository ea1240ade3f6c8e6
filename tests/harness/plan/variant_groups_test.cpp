// Who takes turns with whom, and what each is compared with.
#include "harness/plan/variant_groups.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/base/error.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace variant_groups_test {

using ::testing::ElementsAre;
using testing::TinyRun;

const char* const kDesign = "reps: 2, warmup_steps: 0";

std::vector<std::string> NamesOf(const RunPlan& plan, const VariantGroup& group) {
  std::vector<std::string> names;
  for (const int64_t v : group.variants) names.push_back(plan.variants[v].name());
  if (group.control >= 0) names.push_back(plan.variants[group.control].name());
  return names;
}

std::vector<std::string> BaselinesOf(const RunPlan& plan) {
  std::vector<std::string> baselines;
  for (const VariantPlan& variant : plan.variants) baselines.push_back(variant.row.baseline);
  return baselines;
}

TEST(VariantGroups, ANamedGroupGetsACopyOfTheBaselineAndATwinOfIt) {
  const TinyRun tiny;
  const RunPlan plan =
      ResolvePlan(tiny.Config(kDesign,
                              "  - {name: resident, ple: {strategy: resident}}\n"
                              "  - {name: disk, ple: {strategy: disk}}\n"
                              "  - {name: mmap, group: maps, ple: {strategy: disk, backend: mmap}}\n"));
  ASSERT_EQ(plan.groups.size(), 2u);
  EXPECT_THAT(NamesOf(plan, plan.groups[0]), ElementsAre("resident", "disk", "resident@control"));
  EXPECT_THAT(NamesOf(plan, plan.groups[1]), ElementsAre("resident@maps", "mmap", "resident@maps@control"));
  EXPECT_THAT(BaselinesOf(plan), ElementsAre("resident", "resident", "resident@maps", "resident@maps",
                                             "resident", "resident@maps"));
  EXPECT_EQ(plan.variants[1].row.group, "resident");
  EXPECT_EQ(plan.variants[2].row.group, "maps");
}

TEST(VariantGroups, AGroupWithABaselineOfItsOwnKeepsIt) {
  const TinyRun tiny;
  const RunPlan plan =
      ResolvePlan(tiny.Config(kDesign,
                              "  - {name: resident, ple: {strategy: resident}}\n"
                              "  - {name: mmap, group: maps, ple: {strategy: disk, backend: mmap}}\n"
                              "  - {name: again, group: maps, ple: {strategy: resident}}\n"));
  ASSERT_EQ(plan.groups.size(), 2u);
  EXPECT_THAT(NamesOf(plan, plan.groups[1]), ElementsAre("again", "mmap", "again@control"))
      << "the baseline stands first, wherever the config has it";
  EXPECT_EQ(plan.variants[1].row.baseline, "again");
}

TEST(VariantGroups, AnAddedNameThatIsTakenIsTheUsersMistake) {
  const TinyRun tiny;
  const std::string resident = "  - {name: resident, ple: {strategy: resident}}\n";
  const std::string mmap = "ple: {strategy: disk, backend: mmap}}\n";
  for (const std::string& variants :
       {resident + "  - {name: disk, ple: {strategy: disk}}\n  - {name: resident@control, " + mmap,
        resident + "  - {name: disk, ple: {strategy: disk}}\n  - {name: mmap, group: control, " + mmap}) {
    EXPECT_THAT([&] { ResolvePlan(tiny.Config(kDesign, variants)); },
                ::testing::ThrowsMessage<UserError>(
                    ::testing::HasSubstr("'resident@control' would be two variants")));
  }
}

TEST(VariantGroups, AnotherStateOfThePageCacheIsAGroupOfItsOwn) {
  const TinyRun tiny;
  const RunPlan plan = ResolvePlan(tiny.Config(
      kDesign, "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n",
      "page_cache: {initial: cold}\nsweep: {page_cache.maintain: [none, evict_each_step]}\n"));
  ASSERT_EQ(plan.groups.size(), 2u);
  EXPECT_THAT(NamesOf(plan, plan.groups[0]),
              ElementsAre("resident@maintain=none", "disk@maintain=none", "resident@maintain=none@control"));
  EXPECT_EQ(plan.groups[1].page_cache.maintain, PageCacheMaintain::kEvictEachStep);
}

TEST(VariantGroups, VariantsThatDoNotTakeTurnsAreOneGroupWithoutATwin) {
  const TinyRun tiny;
  const RunPlan plan =
      ResolvePlan(tiny.Config("isolate: process, reps: 1",
                              "  - {name: resident, ple: {strategy: resident}}\n"
                              "  - {name: mmap, group: maps, ple: {strategy: disk, backend: mmap}}\n"));
  ASSERT_EQ(plan.groups.size(), 1u);
  EXPECT_THAT(NamesOf(plan, plan.groups[0]), ElementsAre("resident", "mmap"));
}

}  // namespace variant_groups_test
}  // namespace plelab
