#include "model/kernels/tiles/tile_product.h"

#include <bit>
#include <cmath>

#include "model/base/half_floats.h"
#include "model/kernels/tiles/pair_product.h"
#include "tests/model/kernels/kernel_test.h"

namespace plelab {
namespace tile_product_test {

using testing::RandomMatrix;
using testing::RandomVector;

constexpr ElementType kTypes[] = {ElementType::kBFloat16, ElementType::kInt8, ElementType::kInt4};

double Rounded(double value) { return FromBFloat16(ToBFloat16(static_cast<float>(value))); }

class TileProductTest : public ::testing::TestWithParam<TileInstructions> {
 protected:
  void SetUp() override {
    if (!CpuMultipliesTiles(GetParam(), ElementType::kInt8))
      GTEST_SKIP() << "this CPU has no such instructions";
  }
};
std::string NameOf(const ::testing::TestParamInfo<TileInstructions>& info) {
  constexpr const char* kNames[] = {"Amx", "Avx512", "Pairs"};
  return kNames[static_cast<int>(info.param)];
}
INSTANTIATE_TEST_SUITE_P(By, TileProductTest,
                         ::testing::Values(TileInstructions::kAmx, TileInstructions::kAvx512,
                                           TileInstructions::kPairs),
                         NameOf);

// What a product multiplies by what quantising a vector leaves of it: bfloat16, codes (of 8 bits, in pairs of
// 16 bits) with a scale for each stored row, or int4 weights as they are.
struct Operands {
  const RandomMatrix& w;
  bool transposed;
  bool as_pairs, as_stored;
  std::vector<float> row_scales;  // of quantised weights

  Operands(TileInstructions by, const RandomMatrix& weights, const MatrixView& part, bool is_transposed)
      : w(weights),
        transposed(is_transposed),
        as_pairs(by == TileInstructions::kPairs),
        as_stored(as_pairs && !is_transposed && part.type == ElementType::kInt4 && CpuMultipliesNibbles()) {
    const float steps_of_largest = as_pairs ? 4095 : 15;
    for (int64_t row = 0; IsQuantised(part.type) && row < part.rows; ++row) {
      float largest = 0;
      for (int64_t c = 0; c < part.cols; ++c) largest = std::max(largest, std::abs(scale(row, c)));
      row_scales.push_back(w.view().type == ElementType::kInt8 ? scale(row, 0) : largest / steps_of_largest);
    }
  }

  float scale(int64_t row, int64_t column) const {
    const void* scales = RowScales(w.view(), row);
    if (w.view().type == ElementType::kInt8) return *static_cast<const float*>(scales);
    return FromFloat16(static_cast<const uint16_t*>(scales)[column / w.view().group]);
  }

  double code(int64_t row, int64_t column) const {
    const double code = std::nearbyint(w.at(row, column) / scale(row, column));
    if (w.view().type == ElementType::kInt8) return code;
    const float row_scale = row_scales[static_cast<size_t>(row)];
    if (as_pairs) return code * std::nearbyint(scale(row, column) * (1 / row_scale));
    const double step = std::nearbyint(scale(row, column) * (2048 / row_scale)) / 2048;
    return std::floor(code * step + 0.5);
  }

  double weight(int64_t o, int64_t i) const {
    if (as_stored) return w.at(o, i);
    if (row_scales.empty()) return Rounded(transposed ? w.at(i, o) : w.at(o, i));
    return transposed ? code(i, o) : code(o, i) * row_scales[static_cast<size_t>(o)];
  }

  std::vector<double> vector(const float* x, int64_t inputs) const {
    if (!row_scales.empty()) {
      return testing::OperandOf(scaled(x, inputs).data(), inputs, ElementType::kInt8);
    }
    std::vector<double> rounded;
    for (int64_t i = 0; i < inputs; ++i) rounded.push_back(Rounded(x[i]));
    return rounded;
  }

 private:
  std::vector<float> scaled(const float* x, int64_t inputs) const {
    std::vector<float> values(x, x + inputs);
    for (int64_t i = 0; transposed && i < inputs; ++i) values[i] *= row_scales[static_cast<size_t>(i)];
    return values;
  }
};

// Of a part of w that begins where w begins.
void ExpectProduct(TileInstructions by, const RandomMatrix& w, const MatrixView& part, bool transposed,
                   int64_t vectors) {
  const int64_t inputs = transposed ? part.rows : part.cols;
  const int64_t outputs = transposed ? part.cols : part.rows;
  const int64_t x_stride = inputs + 3, y_stride = outputs + 1;
  const std::vector<float> x = RandomVector(vectors * x_stride, static_cast<uint64_t>(inputs));
  std::vector<float> y(static_cast<size_t>(vectors * y_stride), NAN);
  TileProductBy(by, part, transposed, {x.data(), vectors, x_stride}, y.data(), y_stride);
  const Operands operands(by, w, part, transposed);
  for (int64_t t = 0; t < vectors; ++t) {
    const std::vector<double> of_vector = operands.vector(x.data() + t * x_stride, inputs);
    for (int64_t o = 0; o < outputs; ++o) {
      double expected = 0, magnitude = 0;
      for (int64_t i = 0; i < inputs; ++i) {
        const double term = operands.weight(o, i) * of_vector[static_cast<size_t>(i)];
        expected += term;
        magnitude += std::abs(term);
      }
      ASSERT_NEAR(y[t * y_stride + o], expected, 1e-6 * magnitude) << "vector " << t << " output " << o;
    }
    EXPECT_TRUE(std::isnan(y[t * y_stride + outputs])) << "wrote beyond a row";
  }
}
void ExpectProduct(TileInstructions by, const RandomMatrix& w, bool transposed, int64_t vectors) {
  ExpectProduct(by, w, w.view(), transposed, vectors);
}

void ExpectProductsOfOddSizes(TileInstructions by) {
  for (const ElementType type : kTypes) {
    if (!CpuMultipliesTiles(by, type)) continue;
    for (const bool transposed : {false, true}) {
      for (const auto& [rows, cols] : std::vector<std::pair<int64_t, int64_t>>{{1, 1},
                                                                               {17, 3},
                                                                               {3, 17},
                                                                               {32, 32},
                                                                               {65, 255},
                                                                               {255, 31},
                                                                               {40, 300},
                                                                               {6, 2048},
                                                                               {600, 70},
                                                                               {9, 2240},
                                                                               {2240, 33}}) {
        for (const int64_t vectors : {1, 9, 47, 100}) {
          SCOPED_TRACE(::testing::Message() << static_cast<int>(type) << " " << transposed << " " << rows
                                            << "x" << cols << " for " << vectors);
          ExpectProduct(by, RandomMatrix(rows, cols, type, static_cast<uint64_t>(rows + cols)), transposed,
                        vectors);
        }
      }
    }
  }
}

// Pairs on every instruction set that has them; the others are one each.
template <class F>
void OnEachTarget(TileInstructions by, F f) {
  if (by != TileInstructions::kPairs) return f();
  testing::ForEachTarget([&] {
    if (CpuMultipliesPairs()) f();
  });
}

TEST_P(TileProductTest, AgreesWithFloat64ForOddSizes) {
  OnEachTarget(GetParam(), [&] { ExpectProductsOfOddSizes(GetParam()); });
}

TEST_P(TileProductTest, Int4WithLargerGroups) {
  OnEachTarget(GetParam(), [&] {
    for (const int64_t group : {64, 128, 512}) {
      for (const bool transposed : {false, true}) {
        SCOPED_TRACE(::testing::Message() << group << " " << transposed);
        ExpectProduct(GetParam(), RandomMatrix(130, 2 * group, ElementType::kInt4, 1, group), transposed, 20);
      }
    }
  });
}

// The first columns of a weight, as a narrower FFN takes them: the last group is not whole.
TEST_P(TileProductTest, Int4WithPartOfAGroup) {
  const RandomMatrix w(40, 256, ElementType::kInt4, 7, 128);
  MatrixView part = w.view();
  part.cols = 160;
  OnEachTarget(GetParam(), [&] {
    for (const bool transposed : {false, true}) ExpectProduct(GetParam(), w, part, transposed, 12);
  });
}

// int4 weights of one code and one scale, and what they are multiplied by.
struct SameCodes {
  static constexpr int64_t kRows = 18, kInputs = 1056, kVectors = 9, kGroup = 32;
  std::vector<uint8_t> codes;
  std::vector<uint16_t> scales = std::vector<uint16_t>(kRows * kInputs / kGroup, ToFloat16(0.5f));
  std::vector<float> x = std::vector<float>(kVectors * kInputs, 1), y = std::vector<float>(kVectors * kRows);

  explicit SameCodes(uint8_t code) : codes(kRows * kInputs / 2, static_cast<uint8_t>(code * 17)) {}
  void Multiply(TileInstructions by) {
    const MatrixView w{.data = codes.data(),
                       .type = ElementType::kInt4,
                       .rows = kRows,
                       .cols = kInputs,
                       .stride = kInputs,
                       .scales = scales.data(),
                       .group = kGroup,
                       .scale_stride = kInputs / kGroup};
    TileProductBy(by, w, false, {x.data(), kVectors, kInputs}, y.data(), kRows);
  }
};

// The largest sums that codes can make: what holds them must not overflow, nor saturate.
TEST_P(TileProductTest, Int4OfTheLargestMagnitudesIsExact) {
  OnEachTarget(GetParam(), [&] {
    for (const int code : {0, 15}) {
      for (const int alternates_by : {0, 1, 2, 16, 32}) {
        SameCodes all(static_cast<uint8_t>(code));
        double sum = 0;
        for (int64_t i = 0; i < std::ssize(all.x); ++i) {
          if (alternates_by > 0 && i % all.kInputs / alternates_by % 2 == 1) all.x[i] = -1;
          if (i < all.kInputs) sum += all.x[i] * 0.5 * (code - 8);
        }
        all.Multiply(GetParam());
        for (const float y : all.y) ASSERT_NEAR(y, sum, 1e-3 * all.kInputs) << code << " " << alternates_by;
      }
    }
  });
}

TEST_P(TileProductTest, ManyVectorsGoInPartsOfOutputs) {
  ExpectProduct(GetParam(), RandomMatrix(70, 40, ElementType::kInt8, 3), false, 32 * 65);
}

TEST_P(TileProductTest, VectorThatIsNotFiniteSpoilsItsOwnOutputsOnly) {
  const RandomMatrix w(20, 40, ElementType::kInt8, 4);
  std::vector<float> x = RandomVector(10 * 40, 5), y(10 * 20);
  x[3 * 40 + 7] = INFINITY;
  TileProductBy(GetParam(), w.view(), false, {x.data(), 10, 40}, y.data(), 20);
  for (int64_t i = 0; i < std::ssize(y); ++i) EXPECT_EQ(std::isnan(y[i]), i / 20 == 3) << i;
}

TEST_P(TileProductTest, WhatIsNotFiniteInInt4SpoilsItsOwnOutputsOnly) {
  OnEachTarget(GetParam(), [&] {
    for (const float poison : {NAN, INFINITY}) {
      SameCodes of_vector(12), of_scale(12);
      of_vector.x[3 * of_vector.kInputs + 7] = poison;
      of_vector.Multiply(GetParam());
      of_scale.scales[5 * of_scale.kInputs / of_scale.kGroup + 2] = ToFloat16(poison);
      of_scale.Multiply(GetParam());
      for (int64_t i = 0; i < std::ssize(of_vector.y); ++i) {
        EXPECT_EQ(std::isnan(of_vector.y[i]), i / of_vector.kRows == 3) << i;
        EXPECT_EQ(std::isfinite(of_scale.y[i]), i % of_scale.kRows != 5) << i;
      }
    }
  });
}

TEST_P(TileProductTest, VectorThatIsTooSmallToQuantiseGivesZero) {
  const RandomMatrix w(20, 40, ElementType::kInt8, 4);
  const std::vector<float> x(10 * 40, 1e-38f);
  std::vector<float> y(10 * 20, NAN);
  TileProductBy(GetParam(), w.view(), false, {x.data(), 10, 40}, y.data(), 20);
  for (const float value : y) EXPECT_EQ(value, 0);
}

}  // namespace tile_product_test
}  // namespace plelab
