// int8 and int4.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/support/ple_table.h"
#include "tests/support/value_table.h"

namespace plelab {
namespace integer_rows_test {

constexpr PleGeometry kGeometry{.vocab = 30, .layers = 2, .dim = 10, .dtype = DType::kFloat32};

// The groups have 4, 4 and 2 values.  A step is the largest value of its group ÷ `most`, rounded to the 8
// significant bits of bfloat16.
void ExpectHalfAStep(const char* spec, float most) {
  const ValueTable table(kGeometry);
  const auto source = table.Make(spec);
  for (int64_t id = 0; id < 30; ++id) {
    const auto row = table.Row(id, 1), kept = table.RowOf(*source, id, 1);
    for (size_t begin = 0; begin < 10; begin += 4) {
      const size_t end = std::min<size_t>(begin + 4, 10);
      float largest = 0;
      for (size_t d = begin; d < end; ++d) largest = std::max(largest, std::abs(row[d]));
      const float step = largest / most * (1 + 1.0f / 256);
      for (size_t d = begin; d < end; ++d) EXPECT_LE(std::abs(kept[d] - row[d]), step / 2) << d;
    }
  }
}

TEST(IntegerRows, AreWithinHalfAStep) {
  ExpectHalfAStep("resident,transform=int8,group=4", 127);
  ExpectHalfAStep("disk,transform=int4,group=4", 7);
}

TEST(IntegerRows, RoundToTheNearest) {
  // One group, whose largest value is 7: with 4 bits the step is 1.
  const ValueTable table({.vocab = 1, .layers = 1, .dim = 6, .dtype = DType::kFloat32},
                         {7.0f, -3.4f, 3.6f, 0.4f, -0.6f, -6.9f});
  EXPECT_EQ(table.RowOf(*table.Make("resident,transform=int4"), 0, 0),
            (std::vector<float>{7, -3, 4, 0, -1, -7}));
}

TEST(IntegerRows, ZerosStayZerosAndSignsStay) {
  const ValueTable table({.vocab = 1, .layers = 1, .dim = 4, .dtype = DType::kBFloat16}, {0, 0, -5, 5});
  EXPECT_EQ(table.RowOf(*table.Make("resident,transform=int8,group=2"), 0, 0),
            (std::vector<float>{0, 0, -5, 5}));
}

TEST(IntegerRows, TakeTheBytesOfValuesAndScales) {
  const auto bytes = [](const char* spec) {
    return FootprintOf(ParsePleSpec(spec), TableOf(kGeometry)).table_bytes;
  };
  EXPECT_EQ(bytes("resident,transform=int8,group=4"), 30 * 2 * (10 + 3 * 2));
  EXPECT_EQ(bytes("resident,transform=int4"), 30 * 2 * (5 + 2));
}

}  // namespace integer_rows_test
}  // namespace plelab
