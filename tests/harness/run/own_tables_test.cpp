// Each variant that reads the table from a file reads a copy of its own.
#include "harness/run/own_tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <set>

#include "harness/cold/cold_check.h"
#include "harness/comparison/comparison_check.h"
#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "harness/run/estimate.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace own_tables_test {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kInProcess;
using testing::kSixVariants;
using ::testing::Not;
using testing::ReadText;
using testing::TemporaryFolder;
using testing::TinyRun;
using testing::WriteText;

const char* const kReaders =
    "  - {name: first, ple: {strategy: disk}}\n  - {name: second, ple: {strategy: disk, backend: mmap}}\n"
    "  - {name: resident, ple: {strategy: resident}}\n";

// What the rows of `table` are, as they stand in its file.
std::string RowsOf(const PleTable& table) {
  return ReadText(table.path).substr(table.offset_bytes, table.geometry.table_bytes());
}

class OwnTablesTest : public ::testing::Test {
 protected:
  RunPlan Plan(const std::string& design = kInProcess) { return ResolvePlan(tiny_.Config(design, kReaders)); }
  // The folder of this test's run, whose parts exist.
  std::string Parts() {
    fs::create_directories(tiny_.folder() + "/parts");
    return tiny_.folder() + "/parts";
  }
  RunPlan Using(const RunPlan& plan) {
    RunPlan own = plan;
    UseOwnTables(own, Parts());
    return own;
  }
  const TinyRun tiny_;
};

TEST_F(OwnTablesTest, CopiesHoldTheRowsAndAreColdAndGoWithTheRun) {
  const RunPlan plan = Plan();
  std::set<std::string> paths;
  {
    const OwnTables copies(plan, Parts(), false);
    RunPlan own = plan;
    EXPECT_THAT(UseOwnTables(own, Parts()), ElementsAre("first", "second"));
    for (const int64_t v : {0, 1}) {
      const PleTable& table = own.variants[v].table;
      EXPECT_EQ(table.offset_bytes % 4096, plan.table.offset_bytes % 4096)
          << "as many blocks in a direct read";
      EXPECT_EQ(table.offset_bytes / 4096, 16) << "behind a hole of 64 KiB";
      EXPECT_EQ(CachedBytes(RangeOf(table)), 0);
      EXPECT_EQ(RowsOf(table), RowsOf(plan.table));
      paths.insert(table.path);
    }
    EXPECT_EQ(own.variants[2].table.path, plan.table.path) << "resident reads nothing while it is timed";
    EXPECT_EQ(paths.size(), 2u);
    EXPECT_FALSE(paths.contains(plan.table.path));
  }
  for (const std::string& path : paths) EXPECT_FALSE(fs::exists(fs::path(path).parent_path())) << path;
  EXPECT_EQ(Using(plan).variants[0].table.path, plan.table.path) << "without a copy the checkpoint's is read";
}

TEST_F(OwnTablesTest, ABaselinesTwinSharesItsCopy) {
  const RunPlan plan = Plan();
  ASSERT_EQ(plan.groups[0].control, 3);
  ASSERT_EQ(plan.groups[0].baseline, 0);
  const OwnTables copies(plan, Parts(), false);
  const RunPlan own = Using(plan);
  EXPECT_EQ(own.variants[3].table.path, own.variants[0].table.path);
  EXPECT_NE(own.variants[3].table.path, plan.table.path);
  EXPECT_EQ(OwnTableBytes(plan), 2 * plan.table.geometry.table_bytes());
}

TEST_F(OwnTablesTest, AChildThatPlansOneVariantFindsItsCopy) {
  const RunPlan plan = Plan();
  const OwnTables copies(plan, Parts(), false);
  RunPlan alone = ResolvePlanOfVariant(plan.config, 1);
  UseOwnTables(alone, Parts());
  EXPECT_EQ(alone.variants[0].table.path, Using(plan).variants[1].table.path);
  RunPlan of_another_run = plan;
  EXPECT_THAT(UseOwnTables(of_another_run, tiny_.folder() + "/other"), IsEmpty());
}

TEST_F(OwnTablesTest, AResumedRunKeepsWholeCopiesAndReplacesTheRest) {
  const RunPlan plan = Plan();
  std::string first, second;
  {
    const OwnTables copies(plan, Parts(), false);
    const RunPlan own = Using(plan);
    first = own.variants[0].table.path;
    second = own.variants[1].table.path;
    // As a killed run leaves them: the first whole, which this mark shows, the second not.
    fs::copy(fs::path(first).parent_path(), tiny_.folder() + "/left");
  }
  const std::string rows = RowsOf(plan.table);
  const std::string hole(
      fs::file_size(tiny_.folder() + "/left/" + fs::path(first).filename().string()) - rows.size(), '\0');
  const std::string whole = hole + std::string(rows.size(), 'x');
  const auto leave_behind = [&] {
    fs::create_directories(fs::path(first).parent_path());
    fs::copy(tiny_.folder() + "/left", fs::path(first).parent_path(), fs::copy_options::overwrite_existing);
    WriteText(first, whole);
    WriteText(second, "half");
  };
  leave_behind();
  {
    const OwnTables copies(plan, Parts(), true);
    EXPECT_EQ(ReadText(first), whole) << "kept";
    EXPECT_EQ(ReadText(second), hole + rows);
  }
  leave_behind();
  const OwnTables copies(plan, Parts(), false);
  EXPECT_EQ(ReadText(first), hole + rows) << "a new run makes its own";
}

TEST_F(OwnTablesTest, WhatAKilledRunLeftGoesOnceItsPartsAreGone) {
  const std::string folder = OwnTablesFolder(tiny_.shard());
  const std::string dead = folder + "/dead" + std::to_string(::getpid()),
                    stopped = folder + "/stopped" + std::to_string(::getpid());
  for (const std::string& left : {dead, stopped}) fs::create_directories(left);
  WriteText(dead + "/run", tiny_.folder() + "/no_such_parts");
  WriteText(stopped + "/run", Parts());
  {
    const OwnTables copies(Plan(), Parts(), false);
    EXPECT_FALSE(fs::exists(dead));
    EXPECT_TRUE(fs::exists(stopped)) << "somebody may resume it";
  }
  fs::remove_all(stopped);
}

TEST_F(OwnTablesTest, AutoIsForTablesBelowOneGigabyte) {
  VariantPlan variant = Plan().variants[0];
  variant.footprint.file_bytes = 999'999'999;
  EXPECT_TRUE(WantsOwnTable(variant));
  variant.footprint.file_bytes = 1'000'000'000;
  EXPECT_FALSE(WantsOwnTable(variant));
  variant.config.own_table = OwnTable::kYes;
  EXPECT_TRUE(WantsOwnTable(variant));
  variant.footprint.file_bytes = 1;
  variant.config.own_table = OwnTable::kNo;
  EXPECT_FALSE(WantsOwnTable(variant));
  variant.config.own_table = OwnTable::kYes;
  variant.footprint.file_bytes = 0;
  EXPECT_FALSE(WantsOwnTable(variant)) << "it reads no file";
}

TEST_F(OwnTablesTest, AFoldedTableIsCopiedWhereItIsReadFromAFile) {
  const std::string variants =
      "  - {name: resident, ple: {strategy: resident}}\n"
      "  - {name: in_memory, ple: {strategy: folded, over: {strategy: resident}}}\n"
      "  - {name: folded, ple: {strategy: folded, over: {strategy: disk}}}\n";
  RunPlan plan = ResolvePlan(tiny_.Config(kInProcess, variants));
  MakeFoldedTables(plan);
  const OwnTables copies(plan, Parts(), false);
  const RunPlan own = Using(plan);
  EXPECT_EQ(own.variants[1].table.folded->path, plan.variants[1].table.folded->path);
  EXPECT_NE(own.variants[2].table.folded->path, plan.variants[2].table.folded->path);
  EXPECT_EQ(own.variants[2].table.path, plan.table.path) << "rows of soft tokens";
  EXPECT_EQ(RowsOf(*own.variants[2].table.folded), RowsOf(*plan.variants[2].table.folded));
}

TEST_F(OwnTablesTest, TheEstimateNamesTheirSpace) {
  const RunPlan plan = Plan();
  const RunEstimate estimate = EstimateRun(plan, {});
  EXPECT_EQ(estimate.own_table_bytes, 2 * plan.table.geometry.table_bytes());
  EXPECT_THAT(EstimateText(plan.config, estimate, {}), HasSubstr("for copies of the table"));
  const RunPlan without = Plan("warmup_steps: 2, reps: 2, memory_reps: 0, own_table: false");
  EXPECT_THAT(EstimateText(without.config, EstimateRun(without, {}), {}), Not(HasSubstr("copies")));
}

// Works in another folder for one scope.
class WorkingIn {
 public:
  explicit WorkingIn(const std::string& folder) : before_(fs::current_path()) { fs::current_path(folder); }
  ~WorkingIn() { fs::current_path(before_); }

 private:
  fs::path before_;
};

TEST(OwnTablesFolder, IsInTheWorkingFolderOrElseBesideTheFileOnTheSameFileSystem) {
  const TemporaryFolder here, store;
  WriteText(store / "model.safetensors", "rows");
  fs::create_directory(here / "snapshot");
  fs::create_symlink(store / "model.safetensors", here / "snapshot/model.safetensors");
  {
    const WorkingIn folder(here.path());
    EXPECT_EQ(OwnTablesFolder("snapshot/model.safetensors"), ".work/own_tables");
    EXPECT_EQ(OwnTablesFolder("snapshot/none"), "");
  }
  if (!fs::exists("/dev/shm")) GTEST_SKIP() << "no second file system";
  const TemporaryFolder elsewhere("/dev/shm");
  const WorkingIn folder(elsewhere.path());
  EXPECT_EQ(OwnTablesFolder(here / "snapshot/model.safetensors"), store.path() + "/own_tables")
      << "beside what the link leads to";
  if (::geteuid() == 0) return;  // who may write everywhere
  fs::permissions(store.path(), fs::perms::owner_read | fs::perms::owner_exec);
  EXPECT_EQ(OwnTablesFolder(here / "snapshot/model.safetensors"), "");
  fs::permissions(store.path(), fs::perms::owner_all);
}

// The files that the variants' sources read in a whole run, and its record.
std::pair<std::map<std::string, std::string>, Record> RunAndWatch(const TinyRun& tiny,
                                                                  const std::string& design) {
  std::map<std::string, std::string> read;
  RunOptions options = tiny.Options();
  options.make_source = [&](const VariantConfig& variant, const PleTable& table,
                            std::span<const int64_t> warm_ids) {
    EXPECT_TRUE(fs::exists(table.path));
    read[variant.name] = table.path;
    return DefaultSourceMaker()(variant, table, warm_ids);
  };
  return {read, plelab::Run(tiny.Config(design, kSixVariants), options).record};
}

TEST(OwnTablesOfARun, AreReadByTheirVariantsRecordedAndGoneAfterwards) {
  const TinyRun tiny;
  std::map<std::string, std::string> read;
  Record record;
  std::tie(read, record) = RunAndWatch(tiny, kInProcess);
  std::set<std::string> files;
  for (const auto& [variant, file] : read) files.insert(file);
  EXPECT_EQ(read["resident"], tiny.shard());
  EXPECT_EQ(files.size(), 5u) << "the checkpoint's, and those of cached, pread, mmap and waiting";
  for (const std::string& file : files) EXPECT_EQ(fs::exists(file), file == tiny.shard()) << file;
  EXPECT_EQ(MetaValue(record.meta, "own_tables"), R"(["cached","pread","mmap","waiting"])");
  EXPECT_THAT(MetaValue(record.meta, "inputs"), Not(HasSubstr("own_tables"))) << "a copy is no input";
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
}

TEST(OwnTablesOfARun, AreNotMadeWhereTheConfigSaysSo) {
  const TinyRun tiny;
  const auto [read, record] = RunAndWatch(tiny, "warmup_steps: 2, reps: 2, memory_reps: 0, own_table: false");
  for (const auto& [variant, file] : read) EXPECT_EQ(file, tiny.shard()) << variant;
  EXPECT_EQ(MetaValue(record.meta, "own_tables"), "[]");
}

TEST(OwnTablesOfARun, AreGoneAfterAFailureToo) {
  const TinyRun tiny;
  std::string copy;
  RunOptions options = tiny.Options();
  options.make_source = [&](const VariantConfig& variant, const PleTable& table,
                            std::span<const int64_t> warm_ids) {
    if (variant.name == "pread") copy = table.path;
    testing::WriteText(tiny.trace(), testing::ReadText(tiny.trace()) + " ");  // an input changes
    return DefaultSourceMaker()(variant, table, warm_ids);
  };
  EXPECT_THROW(plelab::Run(tiny.Config(kInProcess, kSixVariants), options), UserError);
  EXPECT_NE(copy, "");
  EXPECT_FALSE(fs::exists(copy));
}

}  // namespace own_tables_test
}  // namespace plelab
