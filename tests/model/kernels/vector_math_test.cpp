#include "model/kernels/vector_math.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "model/base/error.h"
#include "tests/model/kernels/kernel_test.h"

namespace plelab {
namespace vector_math_test {

using testing::ForEachTarget;
using testing::RandomVector;

constexpr int64_t kSizes[] = {1, 3, 17, 255, 2048};

double Gelu(double x) { return 0.5 * x * (1 + std::tanh(std::sqrt(2 / M_PI) * (x + 0.044715 * x * x * x))); }

TEST(VectorMath, RmsNormDividesByTheRootMeanSquare) {
  ForEachTarget([] {
    for (const int64_t n : kSizes) {
      const std::vector<float> x = RandomVector(n, n), weight = RandomVector(n, n + 1);
      double square = 0;
      for (const float value : x) square += static_cast<double>(value) * value;
      const double scale = 1 / std::sqrt(square / n + 1e-6);
      std::vector<float> weighted(n), plain = x;
      RmsNormRow(x.data(), weight.data(), n, 1e-6f, weighted.data());
      RmsNormRow(plain.data(), nullptr, n, 1e-6f, plain.data());
      for (int64_t i = 0; i < n; ++i) {
        EXPECT_NEAR(weighted[i], x[i] * scale * weight[i], 2e-6 * std::abs(x[i] * scale * weight[i]));
        EXPECT_NEAR(plain[i], x[i] * scale, 2e-6 * std::abs(x[i] * scale));
      }
      EXPECT_NEAR(MeanSquare(x.data(), n), square / n, 1e-6 * square / n);
    }
  });
}

TEST(VectorMath, MomentsAreThoseOfThePopulation) {
  ForEachTarget([] {
    for (const int64_t n : kSizes) {
      std::vector<float> x = RandomVector(n, n);
      for (float& value : x) value += 100;  // a mean far from zero, where a single pass would cancel
      double mean = 0, square = 0;
      for (const float value : x) mean += value / static_cast<double>(n);
      for (const float value : x) square += (value - mean) * (value - mean) / n;
      const Moments moments = MeanAndDeviation(x.data(), n);
      EXPECT_NEAR(moments.mean, mean, 1e-4);
      EXPECT_NEAR(moments.deviation, std::sqrt(square), 1e-4);
    }
  });
}

TEST(VectorMath, GeluIsItsTanhForm) {
  ForEachTarget([] {
    std::vector<float> x = RandomVector(1003, 1), factor = RandomVector(1003, 2), y(1003);
    for (size_t i = 0; i < x.size(); ++i) x[i] *= 4;
    x[0] = 0, x[1] = -60, x[2] = 60;
    GeluTimes(x.data(), factor.data(), 1003, y.data());
    std::vector<float> shifted = x;
    ShiftedReluGelu(shifted.data(), 1003, 0.75f);
    for (size_t i = 0; i < x.size(); ++i) {
      EXPECT_NEAR(y[i], Gelu(x[i]) * factor[i], 2e-6 * (1 + std::abs(x[i] * factor[i]))) << x[i];
      EXPECT_NEAR(shifted[i], Gelu(std::max(0.0f, x[i] - 0.75f)), 2e-6 * (1 + std::abs(x[i]))) << x[i];
      if (x[i] <= 0.75f) {
        EXPECT_EQ(shifted[i], 0.0f);
      }
    }
  });
}

TEST(VectorMath, SoftcapAndSoftmaxAgreeWithFloat64) {
  ForEachTarget([] {
    for (const int64_t n : kSizes) {
      const std::vector<float> x = RandomVector(n, 7 * n);
      std::vector<float> capped = x, probabilities = x;
      for (float& value : capped) value *= 40;
      const std::vector<float> before = capped;
      SoftcapRow(capped.data(), n, 30);
      Softmax(probabilities.data(), n);
      double sum = 0;
      for (const float value : x) sum += std::exp(static_cast<double>(value));
      for (int64_t i = 0; i < n; ++i) {
        EXPECT_NEAR(capped[i], 30 * std::tanh(before[i] / 30.0), 1e-5);
        EXPECT_NEAR(probabilities[i], std::exp(static_cast<double>(x[i])) / sum, 1e-6);
      }
    }
  });
}

TEST(VectorMath, MixIsAWeightedSum) {
  ForEachTarget([] {
    for (const int64_t n : kSizes) {
      const std::vector<float> a = RandomVector(n, 1), b = RandomVector(n, 2), c = RandomVector(n, 3);
      const float* x[] = {a.data(), b.data(), c.data()};
      const float coefficients[] = {0.5f, -1.25f, 3.0f};
      std::vector<float> y(n);
      Mix(x, coefficients, 3, n, y.data());
      for (int64_t i = 0; i < n; ++i) EXPECT_NEAR(y[i], 0.5 * a[i] - 1.25 * b[i] + 3.0 * c[i], 1e-5);
    }
  });
}

TEST(VectorMath, BFloat16RoundsToNearestEvenAndWidensBack) {
  ForEachTarget([] {
    // 1 + 2^-8 lies halfway between two bfloat16 (1 and 1 + 2^-7) and goes to the even one; 1 + 3·2^-8 goes
    // up.
    const std::vector<float> x{1.0f,  1.00390625f, 1.01171875f,
                               -2.5f, 3e38f,       std::numeric_limits<float>::infinity()};
    std::vector<uint16_t> narrow(x.size());
    std::vector<float> wide(x.size());
    NarrowTo(x.data(), std::ssize(x), ElementType::kBFloat16, narrow.data());
    WidenTo(narrow.data(), ElementType::kBFloat16, std::ssize(x), wide.data());
    EXPECT_EQ(wide[0], 1.0f);
    EXPECT_EQ(wide[1], 1.0f);
    EXPECT_EQ(wide[2], 1.015625f);
    EXPECT_EQ(wide[3], -2.5f);
    EXPECT_NEAR(wide[4], 3e38f, 2e36f);
    EXPECT_EQ(wide[5], std::numeric_limits<float>::infinity());
    const float nan = std::nanf("");
    NarrowTo(&nan, 1, ElementType::kBFloat16, narrow.data());
    WidenTo(narrow.data(), ElementType::kBFloat16, 1, wide.data());
    EXPECT_TRUE(std::isnan(wide[0]));
  });
}

TEST(VectorMath, RowsOfEveryFloatFormatAreWidened) {
  ForEachTarget([] {
    const uint16_t halves[] = {0x3C00, 0xC000, 0x7BFF, 0x0001}, brains[] = {0x3F80, 0xC000, 0x4120, 0};
    const float floats[] = {1, -2, 3.25f, 0};
    std::vector<float> wide(4);
    WidenTo(halves, DType::kFloat16, 4, wide.data());
    EXPECT_EQ(wide, (std::vector<float>{1, -2, 65504, 0x1p-24f}));
    WidenTo(brains, DType::kBFloat16, 4, wide.data());
    EXPECT_EQ(wide, (std::vector<float>{1, -2, 10, 0}));
    WidenTo(floats, DType::kFloat32, 4, wide.data());
    EXPECT_EQ(wide, (std::vector<float>{1, -2, 3.25f, 0}));
    try {
      WidenTo(halves, DType::kInt8, 4, wide.data());
      FAIL() << "int8 was widened";
    } catch (const RunError& error) {
      EXPECT_STREQ(error.what(), "rows of int8 cannot be widened; expected a float format");
    }
  });
}

}  // namespace vector_math_test
}  // namespace plelab
