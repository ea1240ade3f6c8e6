#include "harness/record/hdf5_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <hdf5.h>

#include <cmath>
#include <filesystem>
#include <functional>
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
using ::testing::ThrowsMessage;
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

// A file of another writer, which `fill` makes by the library itself.
std::string ForeignFile(const TemporaryFolder& folder, const std::function<void(hid_t)>& fill) {
  const std::string path = folder / "foreign.h5";
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  fill(file);
  EXPECT_GE(H5Fclose(file), 0);
  return path;
}

// `values` of a type in memory, stored as another one.
void PutAttribute(hid_t object, const char* name, hid_t stored, hid_t memory, const void* values,
                  hsize_t count = 1) {
  const hid_t space = count == 1 ? H5Screate(H5S_SCALAR) : H5Screate_simple(1, &count, nullptr);
  const hid_t attribute = H5Acreate2(object, name, stored, space, H5P_DEFAULT, H5P_DEFAULT);
  EXPECT_GE(H5Awrite(attribute, memory, values), 0);
  H5Aclose(attribute);
  H5Sclose(space);
}

TEST(Hdf5File, AttributesOfAnotherWriterAreText) {
  const TemporaryFolder folder;
  const std::string path = ForeignFile(folder, [](hid_t file) {
    const hid_t meta = H5Gcreate2(file, "/meta", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    const int whole = -7, several[] = {1, 2};
    const float half = 0.5F;
    PutAttribute(meta, "whole", H5T_STD_I16LE, H5T_NATIVE_INT, &whole);
    PutAttribute(meta, "half", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, &half);
    PutAttribute(meta, "several", H5T_STD_I32LE, H5T_NATIVE_INT, several, 2);
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, 8);
    PutAttribute(meta, "fixed", text, text, "abc\0\0\0\0\0");
    H5Tclose(text);
    PutAttribute(meta, "bits", H5T_STD_B8LE, H5T_STD_B8LE, "x");
    H5Gclose(meta);
  });
  EXPECT_THAT(Hdf5Reader(path).ReadAttributes("/meta"),
              ::testing::UnorderedElementsAre(Pair("bits", ""), Pair("fixed", "abc"), Pair("half", "0.5"),
                                              Pair("several", ""), Pair("whole", "-7")));
  EXPECT_THAT(Hdf5Reader(path).ReadAttributes("/nowhere"), ElementsAre());
}

// A table of `columns` of 8 bytes each, with two rows.
void PutTable(hid_t file, const char* path, const std::vector<std::pair<const char*, hid_t>>& columns,
              const void* values) {
  const hsize_t rows = 2;
  const hid_t type = H5Tcreate(H5T_COMPOUND, 8 * columns.size());
  for (size_t i = 0; i < columns.size(); ++i) H5Tinsert(type, columns[i].first, 8 * i, columns[i].second);
  const hid_t space = H5Screate_simple(1, &rows, nullptr);
  const hid_t table = H5Dcreate2(file, path, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
  EXPECT_GE(H5Dwrite(table, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values), 0);
  H5Dclose(table);
  H5Sclose(space);
  H5Tclose(type);
}

TEST(Hdf5File, NumbersOfAnyWidthAreRead) {
  const TemporaryFolder folder;
  const struct {
    int16_t small;
    int16_t gap[3];
    float half;
    float other_gap;
  } rows[] = {{-3, {}, 0.25F, 0}, {300, {}, -1.5F, 0}};
  const std::string path = ForeignFile(folder, [&](hid_t file) {
    PutTable(file, "/t", {{"small", H5T_NATIVE_INT16}, {"half", H5T_NATIVE_FLOAT}}, rows);
  });
  const Table table = Hdf5Reader(path).ReadTable("/t");
  EXPECT_THAT(Values<int64_t>(table, "small"), ElementsAre(-3, 300));
  EXPECT_THAT(Values<double>(table, "half"), ElementsAre(0.25, -1.5));
  EXPECT_EQ(table.columns.at(0).unit, "") << "a file that says no units";
}

TEST(Hdf5File, WhatIsNoTableOrNoMatrixIsRefused) {
  const TemporaryFolder folder;
  const char* texts[] = {"a", "b"};
  const std::string path = ForeignFile(folder, [&](hid_t file) {
    const hid_t text = H5Tcopy(H5T_C_S1);
    H5Tset_size(text, H5T_VARIABLE);
    PutTable(file, "/text", {{"name", text}}, texts);
    H5Tclose(text);
    const int64_t bits[] = {1, 2};
    PutTable(file, "/bits", {{"bit", H5T_NATIVE_B64}}, bits);
    PutTable(file, "/t", {{"n", H5T_NATIVE_INT64}}, bits);
    const hsize_t shape[2] = {2, 3};
    const hid_t space = H5Screate_simple(2, shape, nullptr);
    H5Dclose(H5Dcreate2(file, "/m", H5T_IEEE_F32LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Sclose(space);
  });
  const Hdf5Reader reader(path);
  const auto table = [&](const std::string& name) { return [&reader, name] { reader.ReadTable(name); }; };
  const auto matrix = [&](const std::string& name) { return [&reader, name] { reader.ReadMatrix(name); }; };
  const auto says = [&](const std::string& what) { return ThrowsMessage<UserError>(path + ": " + what); };
  EXPECT_THAT(table("/none"), says("/none: expected a table, found none"));
  EXPECT_THAT(table("/m"), says("/m: expected a table (compound type)"));
  const std::string other = ": expected an integer, a float or a string of fixed length, found another type";
  EXPECT_THAT(table("/text"), says("/text, column 'name'" + other));
  EXPECT_THAT(table("/bits"), says("/bits, column 'bit'" + other));
  EXPECT_NO_THROW(reader.ReadTable("/t"));
  EXPECT_THAT(matrix("/none"), says("/none: expected a matrix, found none"));
  EXPECT_THAT(matrix("/t"), says("/t: expected 2 dimension(s)"));
  EXPECT_EQ(reader.ReadMatrix("/m").cols, 3);
}

// A few hundred bytes that claim 4 GB of zeros, in chunks of which the file has none.
TEST(Hdf5File, AMatrixLargerThanItsFileCanHoldIsNotAllocated) {
  const TemporaryFolder folder;
  const std::string path = ForeignFile(folder, [](hid_t file) {
    const hsize_t shape[2] = {100'000, 10'000}, chunk[2] = {10, 10'000};
    const hid_t space = H5Screate_simple(2, shape, nullptr), properties = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(properties, 2, chunk);
    H5Dclose(H5Dcreate2(file, "/m", H5T_IEEE_F32LE, space, H5P_DEFAULT, properties, H5P_DEFAULT));
    H5Pclose(properties);
    H5Sclose(space);
  });
  EXPECT_THAT([&] { Hdf5Reader(path).ReadMatrix("/m"); },
              ThrowsMessage<UserError>(path + ": /m: claims 4000000000 bytes; damaged?"));
}

TEST(Hdf5File, AMatrixMayBeEmptyAndATableIsWrittenOnce) {
  const TemporaryFolder folder;
  Hdf5Writer writer;
  writer.MakeMatrix("/none", 0, 3);
  writer.MakeMatrix("/narrow", 3, 0);
  writer.WriteRows("/none", 0, {});
  writer.WriteRows("/narrow", 0, {});
  writer.WriteTable("/t", MakeTable(1));
  EXPECT_THROW(writer.WriteTable("/t", MakeTable(1)), RunError);
  EXPECT_THAT(
      [&] {
        writer.WriteRows("/none", 0, std::vector<float>{1, 2, 3});
      },
      ThrowsMessage<RunError>("/none: 3 values from row 0 on are not whole rows of 0 x 3"));
  EXPECT_THROW(writer.WriteRows("/narrow", 0, std::vector<float>{1}), RunError);
  writer.Save(folder / "x.h5");
  const Hdf5Reader reader(folder / "x.h5");
  EXPECT_EQ(reader.ReadMatrix("/none").cols, 3);
  EXPECT_EQ(reader.ReadMatrix("/none").values.size(), 0u);
  EXPECT_EQ(reader.ReadMatrix("/narrow").rows, 3);
  EXPECT_THAT(reader.ReadAttributes("/t"), ElementsAre(Pair("units", HasSubstr("\"step_ms\":\"ms\""))));
}

// Small tables stay whole, so that other programs read them without the filter.
TEST(Hdf5File, OnlyLargeTablesAreChunked) {
  const TemporaryFolder folder;
  const auto layout = [&](int64_t rows) {
    const std::string path = folder / std::to_string(rows);
    Hdf5Writer writer;
    writer.WriteTable("/t", {{{"x", "", std::vector<int64_t>(rows, 5)}}});
    writer.Save(path);
    const hid_t file = H5Fopen(path.c_str(), H5F_ACC_RDONLY, H5P_DEFAULT);
    const hid_t table = H5Dopen2(file, "/t", H5P_DEFAULT), properties = H5Dget_create_plist(table);
    const H5D_layout_t found = H5Pget_layout(properties);
    H5Pclose(properties);
    H5Dclose(table);
    H5Fclose(file);
    return found;
  };
  EXPECT_EQ(layout((256 << 10) / 8 - 1), H5D_CONTIGUOUS);
  if (H5Zfilter_avail(H5Z_FILTER_DEFLATE) > 0) {
    EXPECT_EQ(layout((256 << 10) / 8), H5D_CHUNKED);
  }
}

TEST(Hdf5File, TheVersionIsThatOfTheLibrary) {
  unsigned major = 0, minor = 0, release = 0;
  H5get_libversion(&major, &minor, &release);
  EXPECT_EQ(Hdf5Version(),
            std::to_string(major) + "." + std::to_string(minor) + "." + std::to_string(release));
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
