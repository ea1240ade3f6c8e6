// What a packed table returns is, bit for bit, what the transform of the same name makes of the published
// one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "model/ple/formats/codebook_codec.h"
#include "model/ple/formats/integer_codec.h"
#include "model/ple/formats/narrow_codec.h"
#include "model/ple/formats/row_format.h"
#include "model/ple/formats/row_values.h"
#include "model/ple/transforms/integer_rows.h"

namespace plelab {
namespace codecs_test {

using ::testing::HasSubstr;
using Floats = std::vector<float>;
using Bytes = std::vector<std::byte>;

Floats RoundTrip(const RowCodec& codec, DType dtype, const Floats& values, int64_t layer = 0) {
  Bytes stored(static_cast<size_t>(codec.slice_bytes()), std::byte{0xee});
  codec.Encode(layer, values, stored);
  Bytes decoded(values.size() * static_cast<size_t>(SizeOf(dtype)));
  codec.Decode(layer, stored.data(), decoded);
  Floats back(values.size());
  LoadValues(dtype, decoded, back);
  return back;
}

TEST(IntegerCodec, StoresIntegersThenScalesInTheFewestBytes) {
  EXPECT_EQ(IntegerCodec::SliceBytes(256, 4, 32), 144) << "0.28 of bfloat16's 512";
  EXPECT_EQ(IntegerCodec::SliceBytes(256, 8, 32), 272);
  EXPECT_EQ(IntegerCodec::SliceBytes(5, 4, 2), 3 + 3 * 2) << "an odd value and a short group";
  // One group with the scale 1, exact in bfloat16: 7 and −7 are 15 and 1, 0 is 8.
  const IntegerCodec codec(4, DType::kFloat32, 4, 4);
  Bytes stored(4);
  codec.Encode(0, Floats{7, -7, 0, 3}, stored);
  EXPECT_EQ(stored, (Bytes{std::byte{0x1f}, std::byte{0xb8}, std::byte{0x80}, std::byte{0x3f}}));
}

TEST(IntegerCodec, MultiplesOfTheScaleComeBackExactly) {
  for (const int64_t bits : {4, 8}) {
    const IntegerCodec codec(6, DType::kFloat32, bits, 3);
    const float most = bits == 8 ? 127 : 7;
    const Floats values = {most, -most, 1, 0.25f * most, -0.25f * 3, 0};
    EXPECT_EQ(RoundTrip(codec, DType::kFloat32, values),
              (Floats{most, -most, 1, 0.25f * most, -0.25f * 3, 0}))
        << bits << " bits";
  }
}

TEST(IntegerCodec, NeighbouringNibblesDoNotTouchEachOther) {
  const IntegerCodec codec(2, DType::kFloat32, 4, 2);
  for (int a = -7; a <= 7; ++a) {
    for (int b = -7; b <= 7; ++b) {
      if (std::abs(a) != 7 && std::abs(b) != 7) continue;  // then the scale is 1
      EXPECT_EQ(RoundTrip(codec, DType::kFloat32, Floats{static_cast<float>(a), static_cast<float>(b)}),
                (Floats{static_cast<float>(a), static_cast<float>(b)}));
    }
  }
}

TEST(NarrowCodec, RoundsOnceAndWidensExactly) {
  const NarrowCodec codec(3, DType::kBFloat16, DType::kFloat32);
  EXPECT_EQ(codec.slice_bytes(), 6);
  EXPECT_EQ(RoundTrip(codec, DType::kFloat32, Floats{1, -2.5f, 1.003f}),
            (Floats{1, -2.5f, RoundToBFloat16(1.003f)}));
}

TEST(CodebookCodec, NamesTheNearestEntryInOneByteOrTwo) {
  // Two layers of three entries of two values: [dim, entries].
  const auto books = std::make_shared<const Codebooks>(
      2, std::vector<std::vector<float>>{{0, 1, 5, 0, 1, 5}, {2, 3, 4, 2, 3, 4}});
  const CodebookCodec codec(books, 2, DType::kFloat32);
  EXPECT_EQ(codec.slice_bytes(), 1);
  EXPECT_EQ(RoundTrip(codec, DType::kFloat32, Floats{0.9f, 0.9f}, 0), (Floats{1, 1}));
  EXPECT_EQ(RoundTrip(codec, DType::kFloat32, Floats{0.9f, 0.9f}, 1), (Floats{2, 2}));
  Floats many(2 * 300);
  for (int k = 0; k < 300; ++k) many[k] = many[300 + k] = static_cast<float>(k);
  const CodebookCodec wide(std::make_shared<const Codebooks>(2, std::vector<std::vector<float>>{many}), 2,
                           DType::kFloat32);
  EXPECT_EQ(wide.slice_bytes(), 2);
  EXPECT_EQ(RoundTrip(wide, DType::kFloat32, Floats{298.7f, 299.1f}), (Floats{299, 299}));
}

TEST(CodebookCodec, AnEntryThatTheBookLacksIsItsLast) {
  const auto books = std::make_shared<const Codebooks>(1, std::vector<std::vector<float>>{{4, 6}});
  const CodebookCodec codec(books, 1, DType::kFloat32);
  const std::byte damaged{200};
  Bytes value(4);
  codec.Decode(0, &damaged, value);
  float got = 0;
  LoadValues(DType::kFloat32, value, std::span(&got, 1));
  EXPECT_EQ(got, 6);
}

TEST(RowFormat, EveryFormHasANameAndOthersAreRefused) {
  for (const RowForm form : {RowForm::kFloat32, RowForm::kBFloat16, RowForm::kFloat16, RowForm::kInt8,
                             RowForm::kInt4, RowForm::kCodebook}) {
    EXPECT_EQ(ParseRowForm(Name(form)), form);
  }
  try {
    ParseRowForm("int3");
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("unknown form of rows 'int3'; known: float32, bfloat16"));
  }
}

TEST(RowFormat, TheTablesOwnDtypeNeedsNoCodec) {
  const PleGeometry geometry{.vocab = 3, .layers = 2, .dim = 4, .dtype = DType::kBFloat16};
  EXPECT_EQ(MakeCodec({.form = RowForm::kBFloat16}, geometry, nullptr), nullptr);
  EXPECT_EQ(MakeCodec({.form = RowForm::kFloat32}, geometry, nullptr)->slice_bytes(), 16);
  EXPECT_EQ(MakeCodec({.form = RowForm::kInt4, .group = 2}, geometry, nullptr)->slice_bytes(), 2 + 4);
}

}  // namespace codecs_test
}  // namespace plelab
