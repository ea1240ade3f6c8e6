#include "harness/record/part_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace part_store_test {

using ::testing::ElementsAre;
using testing::TemporaryFolder;

Record Part(const std::string& variant, int64_t rep) {
  Record part;
  RepRow row;
  row.variant = variant;
  row.rep = rep;
  part.reps.push_back(row);
  return part;
}

TEST(PartStoreTest, FilesAreNamedAfterPhaseVariantAndRepetition) {
  const TemporaryFolder folder;
  const PartStore parts(folder.path(), {"resident", "disk a/b@threads=1"});
  EXPECT_EQ(parts.PathOf({}), folder / "run.h5");
  EXPECT_EQ(parts.PathOf({Phase::kTime, 0, 12}), folder / "time-000-resident-r0012.h5");
  EXPECT_EQ(parts.PathOf({Phase::kMemory, 1, 3}), folder / "memory-001-disk_a_b_threads=1-r0003.h5");
  EXPECT_EQ(parts.PathOf({Phase::kAccuracy, 0, 0}), folder / "accuracy-000-resident-r0000.h5");
  EXPECT_EQ(parts.PathOf({Phase::kContribution, 0, 0}), folder / "contribution-000-resident-r0000.h5");
  EXPECT_EQ(parts.PathOf({Phase::kFailed, 0, 0}), folder / "failed-000-resident-r0000.h5");
}

TEST(PartStoreTest, ANameIsCutAndCleanedInItsFile) {
  const TemporaryFolder folder;
  const PartStore parts(folder.path(), {std::string(59, 'a') + "bc", "x.y_z=3,+%@-Q"});
  EXPECT_EQ(parts.PathOf({Phase::kTime, 0, 1}), folder / ("time-000-" + std::string(59, 'a') + "b-r0001.h5"));
  EXPECT_EQ(parts.PathOf({Phase::kTime, 1, 10'000}), folder / "time-001-x.y_z=3_____Q-r10000.h5");
}

TEST(PartStoreTest, RefreshingFindsWhatOthersPutAndKeepsItsOwn) {
  const TemporaryFolder folder;
  PartStore parts(folder.path(), {"a", "b"}), child(folder.path(), {"a", "b"});
  parts.Put({Phase::kTime, 0, 3}, Part("mine", 3));
  child.Put({Phase::kTime, 0, 3}, Part("theirs", 3));
  for (const Phase phase : {Phase::kTime, Phase::kMemory, Phase::kAccuracy, Phase::kContribution})
    child.Put({phase, 1, 4}, Part("b", 4));
  child.Put({}, Part("run", 0));
  child.Fail(1, "broke");
  testing::WriteText(folder / "notes.txt", "a user's");
  EXPECT_FALSE(parts.Has({Phase::kTime, 1, 4}));
  parts.Refresh();
  EXPECT_EQ(parts.Get({Phase::kTime, 0, 3}).reps.at(0).variant, "mine");
  for (const Phase phase : {Phase::kTime, Phase::kMemory, Phase::kAccuracy, Phase::kContribution}) {
    EXPECT_TRUE(parts.Has({phase, 1, 4}));
    EXPECT_FALSE(parts.Has({phase, 0, 4}));
  }
  EXPECT_TRUE(parts.Has({}));
  EXPECT_EQ(parts.ErrorOf(1), "broke");
  EXPECT_FALSE(parts.HasFailed(0));
}

TEST(PartStoreTest, WhatIsSkippedIsNotCalledFailed) {
  const TemporaryFolder folder;
  PartStore parts(folder.path(), {"a", "b"});
  parts.Skip(1, "not here");
  parts.Fail(1, "later");
  EXPECT_TRUE(parts.HasFailed(1)) << "it does not run";
  EXPECT_EQ(parts.Get({Phase::kFailed, 1, 0}).variants.at(0).variant, "b");
  const Record merged = parts.Merge(std::vector<VariantRow>(2));
  EXPECT_EQ(merged.variants[0].status, "done");
  EXPECT_EQ(merged.variants[1].status, "skipped");
  EXPECT_EQ(merged.variants[1].error, "not here");
}

TEST(PartStoreTest, FindsAgainWhatAnEarlierRunLeft) {
  const TemporaryFolder folder;
  const std::vector<std::string> names = {"a", "b-r7"};
  {
    PartStore parts(folder.path(), names);
    Record run;
    run.meta = {{"weights", "random"}};
    parts.Put({}, run);
    parts.Put({Phase::kTime, 1, 11}, Part("b-r7", 11));
    parts.Put({Phase::kMemory, 0, 2}, Part("a", 2));
    parts.Fail(0, "gone");
    parts.Fail(0, "again");
  }
  const PartStore parts(folder.path(), names);
  EXPECT_TRUE(parts.Has({Phase::kTime, 1, 11}));
  EXPECT_TRUE(parts.Has({Phase::kMemory, 0, 2}));
  EXPECT_FALSE(parts.Has({Phase::kTime, 0, 2}));
  EXPECT_FALSE(parts.Has({Phase::kTime, 1, 0}));
  EXPECT_EQ(parts.Get({Phase::kTime, 1, 11}).reps.at(0).rep, 11);
  EXPECT_EQ(MetaValue(parts.Get({}).meta, "weights"), "random");
  EXPECT_TRUE(parts.HasFailed(0));
  EXPECT_FALSE(parts.HasFailed(1));
  EXPECT_EQ(parts.ErrorOf(0), "gone") << "the first reason stays";
  EXPECT_EQ(parts.ErrorOf(1), "");
}

TEST(PartStoreTest, DropsAPartWithItsFileAndAdoptsOneThatAnotherWrote) {
  const TemporaryFolder folder;
  PartStore parts(folder.path(), {"a"}), child(folder.path(), {"a"});
  const PartKey key{Phase::kTime, 0, 1};
  child.Put(key, Part("a", 1));
  EXPECT_FALSE(parts.Has(key));
  parts.Adopt(key);
  EXPECT_EQ(parts.Get(key).reps.at(0).rep, 1);
  parts.Drop(key);
  EXPECT_FALSE(parts.Has(key));
  EXPECT_FALSE(std::filesystem::exists(parts.PathOf(key)));
}

TEST(PartStoreTest, MergesByVariantThenRepetitionWithTheRunsOwnMeta) {
  const TemporaryFolder folder;
  PartStore parts(folder.path(), {"a", "b"});
  Record run;
  run.meta = {{"weights", "random"}};
  parts.Put({Phase::kTime, 1, 0}, Part("b", 0));
  parts.Put({Phase::kTime, 0, 1}, Part("a", 1));
  Record with_meta = Part("a", 0);
  with_meta.meta = {{"weights", "trained"}};
  with_meta.variants.resize(1);
  parts.Put({Phase::kTime, 0, 0}, with_meta);
  parts.Put({}, run);
  parts.Fail(1, "broke");
  std::vector<VariantRow> variants(2);
  variants[0].variant = "a";
  variants[1].variant = "b";
  const Record merged = parts.Merge(variants);
  std::vector<std::pair<std::string, int64_t>> order;
  for (const RepRow& row : merged.reps) order.emplace_back(row.variant, row.rep);
  EXPECT_EQ(order, (std::vector<std::pair<std::string, int64_t>>{{"a", 0}, {"a", 1}, {"b", 0}}));
  EXPECT_THAT(merged.meta, ElementsAre(std::pair<std::string, std::string>("weights", "random")));
  ASSERT_EQ(merged.variants.size(), 2u);
  EXPECT_EQ(merged.variants[0].status, "done");
  EXPECT_EQ(merged.variants[1].status, "failed");
  EXPECT_EQ(merged.variants[1].error, "broke");
}

TEST(PartStoreTest, AFolderThatCannotBeMadeIsNamed) {
  const TemporaryFolder folder;
  testing::WriteText(folder / "file", "");
  EXPECT_THROW(PartStore(folder / "file/parts", {"a"}), RunError);
}

}  // namespace part_store_test
}  // namespace plelab
