#include "harness/record/hdf5_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "harness/support/process.h"
#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace hdf5_file_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;
using testing::TemporaryFolder;
using testing::WriteText;

Table MakeTable(int64_t rows) {
  std::vector<int64_t> steps;
  std::vector<double> times;
  std::vector<std::string> names;
  for (int64_t i = 0; i < rows; ++i) {
    steps.push_back(i * 1'000'000'007);
    times.push_back(0.1 * static_cast<double>(i));
    names.push_back(i % 2 == 0 ? "résident" : "disk");
  }
  return {{{"variant", "", names}, {"step", "", steps}, {"step_ms", "ms", times}}};
}

template <class T>
const std::vector<T>& Values(const Table& table, const std::string& name) {
  return std::get<std::vector<T>>(table.Find(name)->values);
}

void ExpectSame(const Table& a, const Table& b) {
  ASSERT_EQ(a.columns.size(), b.columns.size());
  for (size_t i = 0; i < a.columns.size(); ++i) {
    EXPECT_EQ(a.columns[i].name, b.columns[i].name);
    EXPECT_EQ(a.columns[i].unit, b.columns[i].unit);
    EXPECT_TRUE(a.columns[i].values == b.columns[i].values) << a.columns[i].name;
  }
}

TEST(Hdf5File, ATableComesBackAsItWasWritten) {
  const TemporaryFolder folder;
  for (const int64_t rows :
       {0, 1, 7, 100'000}) {  // empty, small, past the size from which tables are compressed
    const std::string path = folder / std::to_string(rows);
    Hdf5Writer writer;
    writer.WriteTable("/tables/steps", MakeTable(rows));
    writer.Save(path);
    ExpectSame(MakeTable(rows), Hdf5Reader(path).ReadTable("/tables/steps"));
  }
}

TEST(Hdf5File, LargeTablesAreCompressed) {
  const TemporaryFolder folder;
  Hdf5Writer writer;
  writer.WriteTable("/t", MakeTable(100'000));
  writer.Save(folder / "x.h5");
  EXPECT_LT(std::filesystem::file_size(folder / "x.h5"), 100'000u * 25u / 2u);  // 25 bytes a row
}

TEST(Hdf5File, NotMeasuredStaysNotANumber) {
  const TemporaryFolder folder;
  Hdf5Writer writer;
  const double infinity = std::numeric_limits<double>::infinity();
  writer.WriteTable("/t", {{{"x", "J", std::vector<double>{std::nan(""), infinity, -0.0}}}});
  writer.Save(folder / "x.h5");
  const Table table = Hdf5Reader(folder / "x.h5").ReadTable("/t");
  const auto& x = Values<double>(table, "x");
  EXPECT_TRUE(std::isnan(x[0]));
  EXPECT_EQ(x[1], infinity);
  EXPECT_TRUE(std::signbit(x[2]));
}

TEST(Hdf5File, StringsAreAsWideAsTheLongestAndEmptyOnesStayEmpty) {
  const TemporaryFolder folder;
  const std::vector<std::string> values = {"", "a", std::string(10'000, 'e'), "größer"};
  Hdf5Writer writer;
  writer.WriteTable("/t", {{{"error", "", values}}});
  writer.Save(folder / "x.h5");
  const Table table = Hdf5Reader(folder / "x.h5").ReadTable("/t");
  EXPECT_EQ(Values<std::string>(table, "error"), values);
}

TEST(Hdf5File, AttributesKeepTheirOrderAndMayBeLong) {
  const TemporaryFolder folder;
  const std::string config(1'000'000, 'y');  // far more than the 64 KB that an object header holds
  Hdf5Writer writer;
  writer.WriteAttribute("/meta", "zeta", "1");
  writer.WriteAttribute("/meta", "config_yaml", config);
  writer.WriteAttribute("/meta", "empty", "");
  writer.WriteAttribute("/meta", "schema_version", int64_t{1});
  for (int i = 0; i < 40; ++i) writer.WriteAttribute("/meta", "many_" + std::to_string(99 - i), "x");
  writer.Save(folder / "x.h5");
  auto attributes = Hdf5Reader(folder / "x.h5").ReadAttributes("/meta");
  ASSERT_EQ(attributes.size(), 44u);
  EXPECT_EQ(attributes.back().first, "many_60");
  attributes.resize(4);
  EXPECT_THAT(attributes, ElementsAre(Pair("zeta", "1"), Pair("config_yaml", config), Pair("empty", ""),
                                      Pair("schema_version", "1")));
}

TEST(Hdf5File, ALaterAttributeReplacesAnEarlierOne) {
  const TemporaryFolder folder;
  Hdf5Writer writer;
  writer.WriteAttribute("/meta", "weights", "random");
  writer.WriteAttribute("/meta", "weights", "trained");
  writer.Save(folder / "x.h5");
  EXPECT_THAT(Hdf5Reader(folder / "x.h5").ReadAttributes("/meta"), ElementsAre(Pair("weights", "trained")));
}

TEST(Hdf5File, AMatrixComesBackAsItsRowsWereWritten) {
  const TemporaryFolder folder;
  Hdf5Writer writer;
  writer.MakeMatrix("/logits", 4, 3);
  writer.WriteRows("/logits", 2, std::vector<float>{7, 8, 9});
  writer.WriteRows("/logits", 0, std::vector<float>{1.5f, -2.25f, 3e-38f, 4, 5, 6});
  writer.Save(folder / "x.h5");
  const FloatMatrix matrix = Hdf5Reader(folder / "x.h5").ReadMatrix("/logits");
  EXPECT_EQ(matrix.rows, 4);
  EXPECT_EQ(matrix.cols, 3);
  EXPECT_THAT(matrix.values, ElementsAre(1.5f, -2.25f, 3e-38f, 4, 5, 6, 7, 8, 9, 0, 0, 0));
}

TEST(Hdf5File, WhatIsNoRowOfAMatrixIsRefused) {
  Hdf5Writer writer;
  writer.MakeMatrix("/logits", 2, 3);
  EXPECT_THROW(writer.WriteRows("/logits", 0, std::vector<float>{1, 2}), RunError);
  EXPECT_THROW(writer.WriteRows("/logits", 1, std::vector<float>(6)), RunError);
  EXPECT_THROW(writer.WriteRows("/logits", -1, std::vector<float>(3)), RunError);
  EXPECT_THROW(writer.WriteRows("/nothing", 0, std::vector<float>(3)), RunError);
}

TEST(Hdf5File, GroupsListTheirNames) {
  const TemporaryFolder folder;
  Hdf5Writer writer;
  writer.WriteTable("/curves/hit_rate", MakeTable(1));
  writer.WriteTable("/curves/bytes", MakeTable(1));
  writer.Save(folder / "x.h5");
  const Hdf5Reader reader(folder / "x.h5");
  EXPECT_THAT(reader.List("/curves"), ElementsAre("bytes", "hit_rate"));
  EXPECT_THAT(reader.List("/nowhere/at/all"), ElementsAre());
  EXPECT_TRUE(reader.Has("/curves/bytes"));
  EXPECT_FALSE(reader.Has("/curves/bytes/deeper"));
}

TEST(Hdf5File, WhatIsNotHdf5IsTheUsersMistake) {
  const TemporaryFolder folder;
  WriteText(folder / "text.h5", "not a result");
  WriteText(folder / "empty.h5", "");
  for (const std::string name : {"text.h5", "empty.h5", "missing.h5", ""}) {
    EXPECT_THROW(Hdf5Reader(folder / name), UserError) << name;
  }
}

TEST(Hdf5File, ATruncatedFileThrowsWhateverItsLength) {
  const TemporaryFolder folder;
  Hdf5Writer writer;
  writer.WriteTable("/tables/steps", MakeTable(50));
  writer.Save(folder / "whole.h5");
  const std::string whole = testing::ReadText(folder / "whole.h5");
  for (size_t length = 0; length < whole.size(); length += 97) {
    WriteText(folder / "cut.h5", whole.substr(0, length));
    EXPECT_ANY_THROW(Hdf5Reader(folder / "cut.h5").ReadTable("/tables/steps")) << length;
  }
}

// What Python readers are promised: one line, without knowledge of this project.
TEST(Hdf5File, PandasReadsATableInOneLine) {
  const std::string python = PLELAB_SOURCE_DIR "/.venv/bin/python";
  if (!RunProgram({python, "-c", "import h5py, pandas"}).ok())
    GTEST_SKIP() << "no .venv with h5py and pandas";
  const TemporaryFolder folder;
  Hdf5Writer writer;
  writer.WriteTable("/tables/steps", MakeTable(3));
  writer.WriteAttribute("/meta", "config_yaml", std::string(70'000, 'y'));
  writer.Save(folder / "x.h5");
  const std::string script = R"(
import sys, json, h5py, pandas as pd
f = h5py.File(sys.argv[1])
t = pd.DataFrame(f["tables/steps"][...])
print(list(t.columns), t.step.tolist(), t.variant.str.decode("utf-8").tolist(), round(t.step_ms.sum(), 6))
print(json.loads(f["tables/steps"].attrs["units"])["step_ms"], len(f["meta"].attrs["config_yaml"]))
)";
  const ProcessResult result = RunProgram({python, "-c", script, folder / "x.h5"});
  ASSERT_TRUE(result.ok()) << result.Describe();
  EXPECT_EQ(
      result.output,
      "['variant', 'step', 'step_ms'] [0, 1000000007, 2000000014] ['résident', 'disk', 'résident'] 0.3\n"
      "ms 70000\n");
}

}  // namespace hdf5_file_test
}  // namespace plelab
