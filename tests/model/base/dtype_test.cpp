#include "model/base/dtype.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/error.h"

namespace plelab {
namespace dtype_test {

constexpr DType kAll[] = {DType::kFloat32, DType::kBFloat16, DType::kFloat16, DType::kInt8,
                          DType::kUInt8,   DType::kInt32,    DType::kInt64,   DType::kBool};

TEST(DType, NamesAreReadBack) {
  for (DType dtype : kAll) {
    EXPECT_EQ(ParseDType(Name(dtype)), dtype);
    EXPECT_EQ(ParseSafetensorsDType(SafetensorsName(dtype)), dtype);
  }
}

TEST(DType, SizesAndSpellingsAreThoseOfSafetensors) {
  EXPECT_EQ(SizeOf(ParseSafetensorsDType("F32")), 4);
  EXPECT_EQ(SizeOf(ParseSafetensorsDType("BF16")), 2);
  EXPECT_EQ(SizeOf(ParseSafetensorsDType("F16")), 2);
  EXPECT_EQ(SizeOf(ParseSafetensorsDType("I8")), 1);
  EXPECT_EQ(SizeOf(ParseSafetensorsDType("U8")), 1);
  EXPECT_EQ(SizeOf(ParseSafetensorsDType("I32")), 4);
  EXPECT_EQ(SizeOf(ParseSafetensorsDType("I64")), 8);
  EXPECT_EQ(SizeOf(ParseSafetensorsDType("BOOL")), 1);
  EXPECT_EQ(Name(ParseSafetensorsDType("BF16")), "bfloat16");
}

TEST(DType, AnUnknownNameIsTheUsersMistakeAndListsTheKnownOnes) {
  for (auto parse : {ParseDType, ParseSafetensorsDType}) {
    try {
      parse("F8_E4M3");
      FAIL() << "accepted";
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(), ::testing::HasSubstr("F8_E4M3"));
      EXPECT_THAT(std::string(error.what()), ::testing::MatchesRegex(".*(BF16|bfloat16), .*"));
    }
  }
}

}  // namespace dtype_test
}  // namespace plelab
