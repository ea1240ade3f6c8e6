// Hand-made files, most of them inconsistent.  Nothing may be read out of bounds: the sanitizer build runs
// these tests too.
#include "model/checkpoint/safetensors.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "model/base/error.h"
#include "tests/support/checkpoint_files.h"

namespace plelab {
namespace safetensors_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::SafetensorsFile;
using testing::TemporaryFolder;
using testing::WithHeaderLength;
using testing::WriteText;

SafetensorsHeader Read(const std::string& bytes) {
  const TemporaryFolder folder;
  WriteText(folder / "x.safetensors", bytes);
  return ReadSafetensorsHeader(FileDescriptor(folder / "x.safetensors", ReadAhead::kOff));
}

std::string ErrorOf(const std::string& bytes) {
  try {
    Read(bytes);
  } catch (const UserError& error) {
    const std::string text = error.what();
    EXPECT_THAT(text, HasSubstr("x.safetensors"));
    EXPECT_EQ(text.find('\n'), std::string::npos) << text;
    return text;
  }
  return "no error";
}

// A file with one tensor "a" of the given dtype, shape and offsets over `data_bytes`.
std::string One(const std::string& dtype, const std::string& shape, const std::string& offsets,
                int64_t data_bytes) {
  return SafetensorsFile(
      "{\"a\":{\"dtype\":\"" + dtype + "\",\"shape\":" + shape + ",\"data_offsets\":" + offsets + "}}",
      data_bytes);
}

TEST(Safetensors, ReadsNamesShapesAndPlaces) {
  const std::string header =
      R"({"__metadata__":{"weights":"random"},"b":{"dtype":"BF16","shape":[2,3],"data_offsets":[8,20]},)"
      R"("a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"empty":{"dtype":"F16","shape":[0,7],"data_offsets":[8,8]}})";
  const SafetensorsHeader read = Read(SafetensorsFile(header, 20));
  ASSERT_EQ(read.tensors.size(), 3u);
  EXPECT_EQ(read.tensors[0].name, "a");
  EXPECT_EQ(read.tensors[1].name, "empty");
  EXPECT_EQ(read.tensors[2].name, "b");
  EXPECT_EQ(read.tensors[2].dtype, DType::kBFloat16);
  EXPECT_EQ(read.tensors[2].shape, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(read.tensors[2].offset_bytes, 8 + static_cast<int64_t>(header.size()) + 8);
  EXPECT_EQ(read.tensors[2].size_bytes, 12);
  EXPECT_EQ(read.metadata.at("weights"), "random");
}

TEST(Safetensors, WhatIsWrittenIsReadBack) {
  std::vector<TensorInfo> tensors = {{"x.y", DType::kBFloat16, {3, 5}, "", 0, 0},
                                     {"scalar", DType::kFloat32, {}, "", 0, 0}};
  const std::string header = MakeSafetensorsHeader(tensors, {{"seed", "7"}});
  EXPECT_EQ(header.size() % 8, 0u);
  const SafetensorsHeader read = Read(header + std::string(30 + 4, 'x'));
  ASSERT_EQ(read.tensors.size(), 2u);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(read.tensors[i].name, tensors[i].name);
    EXPECT_EQ(read.tensors[i].shape, tensors[i].shape);
    EXPECT_EQ(read.tensors[i].offset_bytes, tensors[i].offset_bytes);
    EXPECT_EQ(read.tensors[i].size_bytes, tensors[i].size_bytes);
  }
  EXPECT_EQ(read.metadata.at("seed"), "7");
}

TEST(Safetensors, TruncatedFilesAreNamed) {
  const std::string whole = One("F32", "[2]", "[0,8]", 8);
  for (size_t length = 0; length < whole.size(); ++length) {
    EXPECT_NE(ErrorOf(whole.substr(0, length)), "no error") << length;
  }
  EXPECT_THAT(ErrorOf(""), HasSubstr("found 0 bytes; is the download complete?"));
  EXPECT_THAT(ErrorOf(whole.substr(0, 20)), HasSubstr("but only 12 follow"));
  EXPECT_THAT(ErrorOf(whole.substr(0, whole.size() - 1)), AllOf(HasSubstr("tensor 'a'"), HasSubstr("≤ 7")));
}

TEST(Safetensors, HeaderLengthsThatLieAreRefused) {
  const std::string whole = One("F32", "[2]", "[0,8]", 8);
  for (const uint64_t length :
       {~uint64_t{0}, ~uint64_t{0} - 7, ~uint64_t{0} - 8, uint64_t{1} << 63, uint64_t{1} << 40}) {
    EXPECT_THAT(ErrorOf(WithHeaderLength(whole, length)), HasSubstr(std::to_string(length))) << length;
  }
  EXPECT_THAT(ErrorOf(WithHeaderLength(whole, 0)), HasSubstr("expected JSON"));
  EXPECT_THAT(ErrorOf(WithHeaderLength(whole, 5)), HasSubstr("expected JSON"));
}

TEST(Safetensors, OffsetsThatLieNameTheTensor) {
  const auto error = [](const std::string& offsets) { return ErrorOf(One("F32", "[2]", offsets, 8)); };
  EXPECT_THAT(error("[0,9]"), AllOf(HasSubstr("tensor 'a'"), HasSubstr("found [0, 9]")));
  EXPECT_THAT(error("[8,0]"), HasSubstr("found [8, 0]"));
  EXPECT_THAT(error("[0,18446744073709551615]"), HasSubstr("'a.data_offsets'"));
  EXPECT_THAT(error("[18446744073709551608,18446744073709551615]"), HasSubstr("'a.data_offsets'"));
  EXPECT_THAT(error("[9223372036854775800,9223372036854775807]"), HasSubstr("tensor 'a'"));
  EXPECT_THAT(error("[0,184467440737095516150]"), HasSubstr("x.safetensors"));
  EXPECT_THAT(error("[-8,0]"), HasSubstr("found -8"));
  EXPECT_THAT(error("[0.0,8.0]"), HasSubstr("'a.data_offsets'"));
  EXPECT_THAT(error("[0]"), HasSubstr("expected data_offsets [begin, end]"));
  EXPECT_THAT(error("[0,4,8]"), HasSubstr("expected data_offsets [begin, end]"));
  EXPECT_THAT(error("\"0,8\""), HasSubstr("'a.data_offsets'"));
}

TEST(Safetensors, SizeMustBeThatOfDTypeAndShape) {
  EXPECT_THAT(ErrorOf(One("F32", "[3]", "[0,8]", 8)),
              HasSubstr("expected F32 × [3] to fill its data_offsets, found 8"));
  EXPECT_THAT(ErrorOf(One("BF16", "[2]", "[0,8]", 8)), HasSubstr("BF16 × [2]"));
  EXPECT_THAT(ErrorOf(One("F32", "[4294967296,4294967296]", "[0,8]", 8)), HasSubstr("tensor 'a'"));
  EXPECT_THAT(ErrorOf(One("F32", "[4611686018427387904,4]", "[0,0]", 0)), HasSubstr("tensor 'a'"));
  EXPECT_THAT(ErrorOf(One("F32", "[-2]", "[0,8]", 8)), HasSubstr("found -2"));
  EXPECT_THAT(ErrorOf(One("", "[2]", "[0,8]", 8)), HasSubstr("'a' ()"));
  EXPECT_THAT(ErrorOf(SafetensorsFile(R"({"a":{"dtype":"F32","shape":[2]}})", 8)),
              HasSubstr("'a.data_offsets' is missing"));
  EXPECT_THAT(ErrorOf(SafetensorsFile(R"({"a":[]})", 8)), HasSubstr("key 'a': expected an object"));
}

TEST(Safetensors, FormatsWithoutADTypeAreListedAllAtOnce) {
  const std::string bytes = SafetensorsFile(
      R"({"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]},)"
      R"("b":{"dtype":"F32","shape":[1],"data_offsets":[2,6]},"c":{"dtype":"F4","shape":[4],"data_offsets":[6,8]}})",
      8);
  EXPECT_THAT(ErrorOf(bytes),
              HasSubstr("2 tensors are in formats that are not read here: 'a' (F8_E4M3), 'c' (F4)"));
  const TemporaryFolder folder;
  WriteText(folder / "x.safetensors", bytes);
  const FileDescriptor file(folder / "x.safetensors", ReadAhead::kOff);
  const SafetensorsHeader header = ReadSafetensorsHeader(file, ForeignFormats::kList);
  ASSERT_EQ(header.tensors.size(), 1u);
  EXPECT_EQ(header.tensors[0].name, "b");
  EXPECT_EQ(header.foreign.size(), 2u);
}

// With quadratic work this would take minutes.
TEST(Safetensors, ReadsManyTensors) {
  constexpr int64_t kTensors = 80'000;
  std::vector<TensorInfo> tensors;
  for (int64_t i = 0; i < kTensors; ++i) {
    tensors.push_back({"model.layers." + std::to_string(i), DType::kFloat32, {1}, "", 0, 0});
  }
  const SafetensorsHeader read = Read(MakeSafetensorsHeader(tensors, {}) + std::string(4 * kTensors, 'x'));
  ASSERT_EQ(std::ssize(read.tensors), kTensors);
  EXPECT_EQ(read.tensors.back().name, tensors.back().name);
  EXPECT_EQ(read.tensors.back().offset_bytes, tensors.back().offset_bytes);
}

TEST(Safetensors, EveryByteBelongsToOneTensor) {
  const auto two = [](const std::string& a, const std::string& b, int64_t data_bytes) {
    return ErrorOf(SafetensorsFile(R"({"a":{"dtype":"F32","shape":[2],"data_offsets":)" + a +
                                       R"(},"b":{"dtype":"F32","shape":[2],"data_offsets":)" + b + "}}",
                                   data_bytes));
  };
  EXPECT_EQ(two("[8,16]", "[0,8]", 16), "no error");
  EXPECT_THAT(two("[0,8]", "[4,12]", 12),
              AllOf(HasSubstr("tensor 'b'"), HasSubstr("begin at 8"), HasSubstr("overlap")));
  EXPECT_THAT(two("[0,8]", "[0,8]", 8), HasSubstr("overlap"));
  EXPECT_THAT(two("[0,8]", "[12,20]", 20), AllOf(HasSubstr("tensor 'b'"), HasSubstr("a gap")));
  EXPECT_THAT(two("[4,12]", "[12,20]", 20), HasSubstr("a gap"));
  EXPECT_THAT(two("[0,8]", "[8,16]", 20), HasSubstr("20 bytes of data, found 16"));
}

TEST(Safetensors, RepeatedNamesAndBrokenTextAreRefused) {
  const std::string tensor = R"({"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  EXPECT_THAT(ErrorOf(SafetensorsFile("{\"a\":" + tensor + ",\"a\":" + tensor + "}", 8)),
              HasSubstr("'a' is given twice"));
  EXPECT_THAT(ErrorOf(SafetensorsFile("{\"a\xff\":" + tensor + "}", 8)), HasSubstr("expected JSON"));
  EXPECT_THAT(ErrorOf(SafetensorsFile("[" + tensor + "]", 8)), HasSubstr("expected a JSON object"));
  EXPECT_THAT(ErrorOf(SafetensorsFile("{\"a\":" + tensor + "}}", 8)), HasSubstr("expected JSON"));
  EXPECT_THAT(ErrorOf(SafetensorsFile("{\"__metadata__\":{\"seed\":7},\"a\":" + tensor + "}", 8)),
              HasSubstr("'__metadata__.seed': expected a string"));
  EXPECT_THAT(ErrorOf(SafetensorsFile(std::string(200'000, '['), 8)), HasSubstr("x.safetensors"));
}

// Files with holes, which take no space.
TEST(Safetensors, AHeaderHasTheFormatsLimit) {
  const TemporaryFolder folder;
  const auto error = [&](uint64_t length) -> std::string {
    WriteText(folder / "x.safetensors", WithHeaderLength(std::string(8, '\0'), length));
    std::filesystem::resize_file(folder / "x.safetensors", 8 + length);
    try {
      ReadSafetensorsHeader(FileDescriptor(folder / "x.safetensors", ReadAhead::kOff));
    } catch (const UserError& caught) {
      return caught.what();
    }
    return "no error";
  };
  EXPECT_THAT(error(100'000'001), HasSubstr("expected a header of at most 100000000 bytes, found 100000001"));
  EXPECT_THAT(error(100'000'000), Not(HasSubstr("expected a header of at most")));
}

TEST(Safetensors, OfManyForeignTensorsTwentyAreShown) {
  std::vector<ForeignTensor> tensors(20, {"t", "F4"});
  EXPECT_THAT(ListOf(tensors), AllOf(HasSubstr("'t' (F4), 't' (F4)"), Not(HasSubstr("more"))));
  tensors.push_back({"last", "F4"});
  EXPECT_THAT(ListOf(tensors), AllOf(HasSubstr("'t' (F4) and 1 more"), Not(HasSubstr("last"))));
  EXPECT_EQ(ListOf({{"a", "F8"}}), "'a' (F8)");
}

TEST(Safetensors, TheHeaderIsWrittenByteForByte) {
  std::vector<TensorInfo> tensors = {{"a", DType::kFloat32, {2}, "", 0, 0},
                                     {"b", DType::kBFloat16, {1, 3}, "", 0, 0}};
  std::string text = R"({"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},)"
                     R"("b":{"dtype":"BF16","shape":[1,3],"data_offsets":[8,14]}})";
  while (text.size() % 8 != 0) text += ' ';
  EXPECT_EQ(MakeSafetensorsHeader(tensors, {{"k", "v"}}),
            WithHeaderLength(std::string(8, '\0'), text.size()) + text);
  EXPECT_EQ(tensors[0].offset_bytes, 8 + std::ssize(text));
  EXPECT_EQ(tensors[1].offset_bytes, 16 + std::ssize(text));
  EXPECT_EQ(tensors[1].size_bytes, 6);
  std::vector<TensorInfo> huge = {{"t", DType::kFloat32, {int64_t{1} << 61}, "", 0, 0}};
  EXPECT_THROW(MakeSafetensorsHeader(huge, {}), UserError);
}

}  // namespace safetensors_test
}  // namespace plelab
