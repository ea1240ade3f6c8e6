#include "model/quantisation/quantise.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include "model/base/half_floats.h"
#include "model/kernels/products/widen_rows.h"
#include "tests/model/kernels/kernel_test.h"

namespace plelab {
namespace quantise_test {

using testing::RandomVector;

// One row as kernels read it back.
struct Int4Row {
  std::vector<uint8_t> codes;
  std::vector<uint16_t> scales;
  int64_t group;

  Int4Row(const std::vector<float>& x, int64_t group_size, Rounding rounding)
      : codes(x.size() / 2), scales(x.size() / static_cast<size_t>(group_size)), group(group_size) {
    QuantiseInt4(x, group, rounding, codes.data(), scales.data());
  }
  std::vector<float> Values() const {
    const auto size = static_cast<int64_t>(codes.size() * 2);
    std::vector<float> values(static_cast<size_t>(size));
    const MatrixView view{codes.data(), ElementType::kInt4, 1,     size,
                          size,         scales.data(),      group, size / group};
    WidenRows(view, 0, 1, ElementType::kFloat32, values.data());
    return values;
  }
};

double SquaredError(const std::vector<float>& x, const std::vector<float>& y) {
  double error = 0;
  for (size_t i = 0; i < x.size(); ++i) error += std::pow(x[i] - y[i], 2);
  return error;
}

TEST(QuantiseInt8, KeepsEachValueToHalfAStep) {
  const std::vector<float> x = RandomVector(301, 1);
  std::vector<int8_t> codes(x.size());
  const float scale = QuantiseInt8(x, codes.data());
  int largest = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(static_cast<float>(codes[i]) * scale, x[i], 0.5001f * scale);
    largest = std::max(largest, std::abs(static_cast<int>(codes[i])));
  }
  EXPECT_EQ(largest, 127) << "the scale uses the whole range";
}

TEST(QuantiseInt8, ZerosStayZeros) {
  const std::vector<float> x(40);
  std::vector<int8_t> codes(40, 1);
  EXPECT_EQ(QuantiseInt8(x, codes.data()), 0.0f);
  EXPECT_EQ(codes, std::vector<int8_t>(40));
}

TEST(QuantiseInt4, NearestKeepsEachValueToAStep) {
  for (const int64_t group : {32, 128}) {
    const std::vector<float> x = RandomVector(512, 2);
    const Int4Row row(x, group, Rounding::kNearest);
    const std::vector<float> values = row.Values();
    for (size_t i = 0; i < x.size(); ++i) {
      const float scale = FromFloat16(row.scales[i / static_cast<size_t>(group)]);
      // Half a step, but a whole one at the end of the range that has no code.
      EXPECT_NEAR(values[i], x[i], 1.01f * std::abs(scale)) << i;
    }
  }
}

TEST(QuantiseInt4, TheExtremeValueIsKept) {
  std::vector<float> x = RandomVector(32, 3);
  x[17] = -20;
  EXPECT_EQ(Int4Row(x, 32, Rounding::kNearest).Values()[17], -20.0f);
  x[17] = 20;
  EXPECT_EQ(Int4Row(x, 32, Rounding::kNearest).Values()[17], 20.0f);
}

TEST(QuantiseInt4, SearchNeverErrsMoreThanNearest) {
  double nearest = 0, search = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const std::vector<float> x = RandomVector(32, seed);
    const double a = SquaredError(x, Int4Row(x, 32, Rounding::kNearest).Values());
    const double b = SquaredError(x, Int4Row(x, 32, Rounding::kSearch).Values());
    EXPECT_LE(b, a * 1.001) << seed;  // scales are rounded to float16
    nearest += a, search += b;
  }
  EXPECT_LT(search, 0.9 * nearest);
}

// tests/data/weights/q4_0.txt, which scripts/reference/make_q4_golden.py has of PyPI's gguf.
TEST(QuantiseInt4, NearestIsQ4_0BitForBit) {
  std::ifstream golden(PLELAB_SOURCE_DIR "/tests/data/weights/q4_0.txt");
  std::string values, scale, codes;
  int blocks = 0;
  const auto hex = [](const std::string& text, size_t at, size_t digits) {
    return static_cast<uint32_t>(std::stoul(text.substr(at, digits), nullptr, 16));
  };
  while (golden >> values >> scale >> codes) {
    std::vector<float> x(32);
    for (size_t i = 0; i < 32; ++i) x[i] = std::bit_cast<float>(hex(values, 8 * i, 8));
    const Int4Row row(x, 32, Rounding::kNearest);
    EXPECT_EQ(row.scales[0], hex(scale, 0, 4)) << "block " << blocks;
    for (size_t i = 0; i < 16; ++i) EXPECT_EQ(row.codes[i], hex(codes, 2 * i, 2)) << "block " << blocks;
    ++blocks;
  }
  EXPECT_EQ(blocks, 40);
}

TEST(QuantiseInt4, ZerosStayZeros) {
  const std::vector<float> x(64);
  for (const Rounding rounding : {Rounding::kNearest, Rounding::kSearch}) {
    EXPECT_EQ(Int4Row(x, 32, rounding).Values(), x);
  }
}

}  // namespace quantise_test
}  // namespace plelab
