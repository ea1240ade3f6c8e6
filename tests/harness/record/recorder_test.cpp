#include "harness/record/recorder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstring>
#include <functional>

#include "harness/record/hdf5_file.h"
#include "harness/record/table.h"
#include "harness/results/result_problems.h"
#include "model/base/error.h"
#include "tests/harness/record/record_fixture.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace recorder_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeRecord;
using testing::ReadText;
using testing::TemporaryFolder;
using testing::WriteText;

template <class Row>
std::vector<char> Bytes(const std::vector<Row>& rows) {
  const Table table = ToTable(rows);
  return PackRows(table, LayoutOf(table));
}

// Compares bit for bit, NaN included.
void ExpectSame(const Record& a, const Record& b) {
  EXPECT_EQ(a.meta, b.meta);
  EXPECT_EQ(Bytes(a.variants), Bytes(b.variants));
  EXPECT_EQ(Bytes(a.reps), Bytes(b.reps));
  EXPECT_EQ(Bytes(a.steps), Bytes(b.steps));
  EXPECT_EQ(Bytes(a.step_parts), Bytes(b.step_parts));
  EXPECT_EQ(Bytes(a.memory), Bytes(b.memory));
  EXPECT_EQ(Bytes(a.accuracy), Bytes(b.accuracy));
  EXPECT_EQ(Bytes(a.tokens), Bytes(b.tokens));
  EXPECT_EQ(Bytes(a.contribution), Bytes(b.contribution));
  ASSERT_EQ(a.curves.size(), b.curves.size());
  for (size_t i = 0; i < a.curves.size(); ++i) {
    EXPECT_EQ(a.curves[i].name, b.curves[i].name);
    EXPECT_EQ(a.curves[i].x_unit, b.curves[i].x_unit);
    EXPECT_EQ(a.curves[i].y_unit, b.curves[i].y_unit);
    EXPECT_EQ(Bytes(a.curves[i].rows), Bytes(b.curves[i].rows));
  }
}

std::vector<std::string> NamesIn(const std::string& folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::string ErrorOf(const std::function<void()>& f) {
  try {
    f();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "";
}

TEST(Recorder, ARecordComesBackAsItWasWritten) {
  const TemporaryFolder folder;
  WriteRecord(folder / "deeper/x.h5", MakeRecord());
  ExpectSame(ReadRecord(folder / "deeper/x.h5"), MakeRecord());
  EXPECT_THAT(NamesIn(folder / "deeper"), ElementsAre("x.h5"));
}

TEST(Recorder, AnEmptyRecordHasEveryTable) {
  const TemporaryFolder folder;
  WriteRecord(folder / "x.h5", {});
  EXPECT_THAT(Hdf5Reader(folder / "x.h5").List("/tables"),
              ElementsAre("accuracy", "comparisons", "memory", "reps", "steps", "tokens", "variants"));
  ExpectSame(ReadRecord(folder / "x.h5"), {});
}

// Files from before steps were observed, and those in which none was, have no such table.
TEST(Recorder, PartsOfStepsAreATableWhereThereAreAny) {
  const TemporaryFolder folder;
  Record record = MakeRecord();
  WriteRecord(folder / "with.h5", record);
  EXPECT_TRUE(Hdf5Reader(folder / "with.h5").Has("/tables/step_parts"));
  record.step_parts.clear();
  WriteRecord(folder / "without.h5", record);
  EXPECT_FALSE(Hdf5Reader(folder / "without.h5").Has("/tables/step_parts"));
  EXPECT_THAT(ResultProblems(folder / "without.h5"),
              ::testing::Not(::testing::Contains(HasSubstr("step_parts"))));
  ExpectSame(ReadRecord(folder / "without.h5"), record);
}

TEST(Recorder, EveryColumnSaysItsUnit) {
  const TemporaryFolder folder;
  WriteRecord(folder / "x.h5", MakeRecord());
  const Hdf5Reader reader(folder / "x.h5");
  EXPECT_EQ(reader.ReadTable("/tables/steps").Find("step_ns")->unit, "ns");
  EXPECT_EQ(reader.ReadTable("/tables/reps").Find("bandwidth_before")->unit, "GB/s");
  EXPECT_EQ(reader.ReadTable("/curves/hit_rate").Find("x")->unit, "bytes");
  EXPECT_EQ(reader.ReadTable("/curves/hit_rate").Find("low")->unit, "share");
}

TEST(Recorder, PartsAppendedInOrderGiveTheWhole) {
  const Record whole = MakeRecord();
  Record first = whole, second = whole;
  first.steps.resize(7);
  second.steps.erase(second.steps.begin(), second.steps.begin() + 7);
  first.step_parts.clear();
  second.variants.clear(), second.reps.clear(), second.memory.clear(), second.accuracy.clear(),
      second.tokens.clear();
  first.curves.clear(), first.contribution.clear();
  second.meta = {{"weights", "trained"}, {"extra", "1"}};
  Append(first, second);
  EXPECT_EQ(first.meta.back(), std::make_pair(std::string("extra"), std::string("1")));
  first.meta.pop_back();
  ExpectSame(first, whole);  // the first record that has a key wins, as for `weights`
}

TEST(Recorder, CurvesOfOneNameGrow) {
  Record a = MakeRecord();
  Append(a, MakeRecord());
  ASSERT_EQ(a.curves.size(), 1u);
  EXPECT_EQ(a.curves[0].rows.size(), 2u);
}

TEST(Recorder, PartsLeftHalfWrittenAreRemovedAndNotListed) {
  const TemporaryFolder folder;
  EXPECT_EQ(PartsFolder("results/x.h5"), "results/x.h5.parts");
  EXPECT_THAT(ListParts(folder / "none"), IsEmpty());
  WriteRecord(folder / "b.h5", {});
  WriteRecord(folder / "a.h5", {});
  WriteText(folder / "c.h5.4711.tmp", "half");
  WriteText(folder / "notes.txt", "a user's");
  EXPECT_THAT(ListParts(folder.path()), ElementsAre(folder / "a.h5", folder / "b.h5"));
  EXPECT_THAT(NamesIn(folder.path()), ElementsAre("a.h5", "b.h5", "notes.txt"));
}

TEST(Recorder, AFileOfAnotherSchemaIsTheUsersMistake) {
  const TemporaryFolder folder;
  Hdf5Writer writer;
  writer.WriteAttribute("/meta", "schema_version", int64_t{99});
  writer.Save(folder / "x.h5");
  EXPECT_THROW(ReadRecord(folder / "x.h5"), UserError);
  EXPECT_THAT(ErrorOf([&] { ReadRecord(folder / "x.h5"); }),
              HasSubstr("expected schema_version 1 to 2, found '99'"));
}

TEST(Recorder, AFileOfVersion1HasNoPredecessors) {
  const std::string published = PLELAB_SOURCE_DIR "/tests/data/results/version_1.h5";
  EXPECT_THAT(ResultProblems(published), IsEmpty());
  const Record record = ReadRecord(published);
  ASSERT_FALSE(record.steps.empty());
  for (const StepRow& step : record.steps) ASSERT_EQ(step.predecessor, "");
}

TEST(Recorder, AFileOfVersion2NeedsThem) {
  const TemporaryFolder folder;
  Hdf5Writer writer;
  writer.WriteAttribute("/meta", "schema_version", int64_t{2});
  Table steps = ToTable(MakeRecord().steps);
  std::erase_if(steps.columns, [](const Column& column) { return column.name == "predecessor"; });
  writer.WriteTable("/tables/steps", steps);
  writer.Save(folder / "x.h5");
  EXPECT_THAT(ResultProblems(folder / "x.h5"),
              ::testing::Contains("/tables/steps: column 'predecessor' is missing"));
}

TEST(Recorder, ADamagedFileIsTheUsersMistake) {
  const TemporaryFolder folder;
  WriteRecord(folder / "x.h5", MakeRecord());
  const std::string whole = ReadText(folder / "x.h5");
  for (size_t length = 0; length < whole.size(); length += whole.size() / 40) {
    WriteText(folder / "x.h5", whole.substr(0, length));
    EXPECT_THROW(ReadRecord(folder / "x.h5"), UserError) << length;
    EXPECT_THROW(ResultProblems(folder / "x.h5"), UserError) << length;
  }
}

// Simulates a full disk without privileges: files of this process cannot grow beyond a limit.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) : handler_(signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &before_);
    signal(SIGXFSZ, handler_);
  }

 private:
  sighandler_t handler_;
  rlimit before_;
};

void ExpectOldSurvives(const TemporaryFolder& folder, const std::string& error, const std::string& reason) {
  EXPECT_THAT(error, HasSubstr(reason));
  EXPECT_THAT(error, HasSubstr("x.h5"));
  EXPECT_THAT(NamesIn(folder.path()), ElementsAre("x.h5"));
  ExpectSame(ReadRecord(folder / "x.h5"), MakeRecord());
}

Record LargeRecord() {
  Record large = MakeRecord();
  for (int64_t i = 0; i < 200'000; ++i)
    large.tokens.push_back({"disk", i, i * 7919 % 1000, i * i, 0.1 * i, 0.3 * i});
  return large;
}

TEST(Recorder, AFileThatMayNotGrowLeavesTheOldOneAndNoHalf) {
  const TemporaryFolder folder;
  WriteRecord(folder / "x.h5", MakeRecord());
  std::string error;
  {
    const FileSizeLimit limit(100'000);
    EXPECT_THROW(WriteRecord(folder / "x.h5", LargeRecord()), RunError);
    error = ErrorOf([&] { WriteRecord(folder / "x.h5", LargeRecord()); });
  }
  ExpectOldSurvives(folder, error, "File too large");
}

class SmallDisk {
 public:
  SmallDisk() { mounted_ = mount("plelab-test", folder_.path().c_str(), "tmpfs", 0, "size=256k") == 0; }
  ~SmallDisk() {
    if (mounted_) umount2(folder_.path().c_str(), MNT_DETACH);
  }
  bool mounted() const { return mounted_; }
  const std::string& path() const { return folder_.path(); }

 private:
  TemporaryFolder folder_;
  bool mounted_;
};

TEST(Recorder, AFullDiskLeavesTheOldFileAndNoHalf) {
  const SmallDisk disk;
  if (!disk.mounted()) GTEST_SKIP() << "no tmpfs can be mounted here: " << strerror(errno);
  const TemporaryFolder folder(disk.path());
  WriteRecord(folder / "x.h5", MakeRecord());
  EXPECT_THROW(WriteRecord(folder / "x.h5", LargeRecord()), RunError);
  const std::string error = ErrorOf([&] { WriteRecord(folder / "x.h5", LargeRecord()); });
  ExpectOldSurvives(folder, error, "No space left on device");
}

TEST(Recorder, AFolderThatCannotBeMadeIsNamed) {
  const TemporaryFolder folder;
  WriteText(folder / "file", "");
  EXPECT_THROW(WriteRecord(folder / "file/x.h5", {}), RunError);
  EXPECT_THAT(ErrorOf([&] { WriteRecord(folder / "file/x.h5", {}); }), HasSubstr(folder / "file"));
}

TEST(ResultProblems, ListsMissingTablesColumnsAndUnits) {
  const TemporaryFolder folder;
  Hdf5Writer writer;
  writer.WriteAttribute("/meta", "schema_version", int64_t{kSchemaVersion});
  Table steps = ToTable(MakeRecord().steps);
  std::erase_if(steps.columns, [](const Column& column) { return column.name == "token_id"; });
  steps.columns[0].values = std::vector<int64_t>(steps.columns[1].rows());  // variant
  writer.WriteTable("/tables/steps", steps);
  writer.Save(folder / "x.h5");
  const auto problems = ResultProblems(folder / "x.h5");
  EXPECT_THAT(problems, ::testing::IsSupersetOf(
                            {"/tables/reps is missing", "/tables/steps: column 'token_id' is missing",
                             "/tables/steps: column 'variant': expected string, found int64"}));
}

TEST(Recorder, ComparisonsAndTrainingComeBackToo) {
  const TemporaryFolder folder;
  Record record = MakeRecord();
  ComparisonRow comparison;
  comparison.metric = "step_ns", comparison.variant = "disk", comparison.value = 1.5, comparison.reps = 7;
  record.comparisons = {comparison};
  TrainingRow row;
  row.step = 3, row.tokens = 5, row.loss = 2.5;
  record.training.push_back({"arm_1", {row, row}});
  record.training.push_back({"arm_2", {row}});
  WriteRecord(folder / "x.h5", record);
  const Record found = ReadRecord(folder / "x.h5");
  EXPECT_EQ(Bytes(found.comparisons), Bytes(record.comparisons));
  ASSERT_EQ(found.training.size(), 2u);
  EXPECT_EQ(found.training[0].name, "arm_1");
  EXPECT_EQ(Bytes(found.training[0].rows), Bytes(record.training[0].rows));
  EXPECT_EQ(found.training[1].name, "arm_2");
  EXPECT_EQ(found.training[1].rows.size(), 1u);
  EXPECT_THAT(Hdf5Reader(folder / "x.h5").List("/curves"), ElementsAre("hit_rate", "ple_contribution"));
}

TEST(Recorder, EveryTableOfAPartIsAppended) {
  Record a = MakeRecord();
  Record b = MakeRecord();
  b.training.push_back({"arm_1", {}});
  b.curves.push_back({"bytes", "rows", "ns", {}});
  const Record before = a;
  Append(a, b);
  EXPECT_EQ(a.meta, before.meta);
  EXPECT_EQ(a.variants.size(), 2 * before.variants.size());
  EXPECT_EQ(a.reps.size(), 2 * before.reps.size());
  EXPECT_EQ(a.steps.size(), 2 * before.steps.size());
  EXPECT_EQ(a.memory.size(), 2 * before.memory.size());
  EXPECT_EQ(a.accuracy.size(), 2 * before.accuracy.size());
  EXPECT_EQ(a.tokens.size(), 2 * before.tokens.size());
  EXPECT_EQ(a.contribution.size(), 2 * before.contribution.size());
  EXPECT_EQ(a.training.size(), 1u);
  ASSERT_EQ(a.curves.size(), 2u);
  EXPECT_EQ(a.curves[0].rows.size(), 2u);
  EXPECT_EQ(a.curves[1].name, "bytes");
}

TEST(Recorder, AFolderOfPartsBelongsToItsResult) {
  EXPECT_EQ(ResultOfParts("results/x.h5.parts"), "results/x.h5");
  EXPECT_EQ(ResultOfParts("results/x.h5"), "results/x.h5");
  EXPECT_EQ(ResultOfParts(PartsFolder("a")), "a");
}

// A curve, a contribution and a training run of two rows that lack all but one column.
TEST(ResultProblems, CurvesAndTrainingHaveColumnsToo) {
  const TemporaryFolder folder;
  WriteRecord(folder / "x.h5", MakeRecord());
  EXPECT_THAT(SchemaProblems(folder / "x.h5"), IsEmpty());
  Hdf5Writer writer;
  writer.WriteAttribute("/meta", "schema_version", int64_t{kSchemaVersion});
  const Table one{{{"label", "", std::vector<std::string>{"a", "b"}}}};
  for (const char* path : {"/curves/mine", "/curves/ple_contribution", "/training/arm"})
    writer.WriteTable(path, one);
  writer.Save(folder / "x.h5");
  const auto problems = SchemaProblems(folder / "x.h5");
  EXPECT_THAT(problems, ::testing::IsSupersetOf({"/curves/mine: column 'series' is missing",
                                                 "/curves/ple_contribution: column 'bucket' is missing",
                                                 "/training/arm: column 'loss' is missing"}));
  for (const std::string& problem : problems) {
    EXPECT_THAT(problem, ::testing::Not(HasSubstr("'label'")));
    EXPECT_THAT(problem, ::testing::Not(HasSubstr("units")));
  }
  EXPECT_THAT(ErrorOf([&] { ReadRecord(folder / "x.h5"); }),
              HasSubstr(Format("x.h5: {} (and {} more: plelab validate lists them)", problems.front(),
                               problems.size() - 1)));
}

TEST(ResultProblems, OneMistakeIsSaidAlone) {
  const TemporaryFolder folder;
  const std::string path = folder / "x.h5";
  WriteRecord(path, MakeRecord());
  const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDWR, H5P_DEFAULT);
  EXPECT_GE(H5Adelete_by_name(file, "/tables/memory", "units", H5P_DEFAULT), 0);
  H5Fclose(file);
  EXPECT_THAT(SchemaProblems(path), ElementsAre("/tables/memory: attribute 'units' is missing"));
  EXPECT_EQ(ErrorOf([&] { ReadRecord(path); }), path + ": /tables/memory: attribute 'units' is missing");
}

TEST(ResultProblems, AFileWithoutAVersionIsNoResult) {
  const TemporaryFolder folder;
  Hdf5Writer writer;
  writer.WriteAttribute("/meta", "weights", "random");
  writer.Save(folder / "x.h5");
  EXPECT_EQ(SchemaProblems(folder / "x.h5").front(), "/meta has no schema_version: not a result of plelab");
  for (const int64_t version : {0, 3}) {
    writer.WriteAttribute("/meta", "schema_version", version);
    writer.Save(folder / "x.h5");
    EXPECT_EQ(SchemaProblems(folder / "x.h5").front(),
              Format("/meta: expected schema_version 1 to 2, found '{}'", version));
  }
}

TEST(ResultProblems, IsEmptyForARecordInWhichEverythingHolds) {
  const TemporaryFolder folder;
  WriteRecord(folder / "x.h5", MakeRecord());
  EXPECT_THAT(ResultProblems(folder / "x.h5"), IsEmpty());
}

}  // namespace recorder_test
}  // namespace plelab
