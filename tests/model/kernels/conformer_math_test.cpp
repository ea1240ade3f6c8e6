#include "model/kernels/conformer_math.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/model/kernels/kernel_test.h"

namespace plelab {
namespace conformer_math_test {

using testing::ForEachTarget;
using testing::RandomVector;

constexpr int64_t kSizes[] = {1, 3, 17, 255, 1536};

TEST(ConformerMath, ClippedNormWithAndWithoutResidual) {
  ForEachTarget([] {
    for (const int64_t n : kSizes) {
      const std::vector<float> x = RandomVector(n, n), weight = RandomVector(n, n + 1);
      const std::vector<float> residual = RandomVector(n, n + 2);
      double square = 0;
      const auto clipped = [&](int64_t i) { return std::clamp<double>(x[i], -0.75, 0.75); };
      for (int64_t i = 0; i < n; ++i) square += clipped(i) * clipped(i);
      const double factor = 0.5 / std::sqrt(square / n + 1e-3);
      std::vector<float> alone(n), in_place = residual;
      const ClippedNorm norm = {weight.data(), 0.75f, 1e-3f, 0.5f};
      ClippedRmsNorm(x.data(), norm, nullptr, n, alone.data());
      ClippedRmsNorm(x.data(), norm, in_place.data(), n, in_place.data());
      for (int64_t i = 0; i < n; ++i) {
        EXPECT_NEAR(alone[i], clipped(i) * factor * weight[i], 1e-5);
        EXPECT_NEAR(in_place[i], residual[i] + clipped(i) * factor * weight[i], 1e-5);
      }
    }
  });
}

TEST(ConformerMath, NanIsNotClipped) {
  ForEachTarget([] {
    for (const int64_t n : kSizes) {
      std::vector<float> x(n, 1), weight(n, 1), y(n, 0);
      x[n / 2] = std::numeric_limits<float>::quiet_NaN();
      ClippedRmsNorm(x.data(), {weight.data(), 2, 1e-6f, 1}, nullptr, n, y.data());
      EXPECT_TRUE(std::isnan(y[n / 2]) && std::isnan(y[0]));
    }
  });
}

TEST(ConformerMath, CenterScaleReluInPlace) {
  ForEachTarget([] {
    for (const int64_t n : kSizes) {
      const std::vector<float> x = RandomVector(n, n), weight = RandomVector(n, n + 1);
      std::vector<float> y = x;
      CenterScaleRelu(y.data(), 0.25f, 1.5f, weight.data(), n, y.data());
      for (int64_t i = 0; i < n; ++i) {
        EXPECT_NEAR(y[i], std::max(0.0, (x[i] - 0.25) * 1.5 * weight[i]), 1e-5);
      }
    }
  });
}

TEST(ConformerMath, SumOfProductsIsElementByElement) {
  ForEachTarget([] {
    for (const int64_t n : kSizes) {
      for (const int64_t count : {1, 5}) {
        const std::vector<float> x = RandomVector(n * count, n), w = RandomVector(n * count, n + 1);
        std::vector<const float*> rows, weights;
        for (int64_t k = 0; k < count; ++k) {
          rows.push_back(&x[k * n]);
          weights.push_back(&w[k * n]);
        }
        std::vector<float> y(n);
        SumOfProducts(rows.data(), weights.data(), count, n, y.data());
        for (int64_t i = 0; i < n; ++i) {
          double sum = 0;
          for (int64_t k = 0; k < count; ++k) sum += static_cast<double>(x[k * n + i]) * w[k * n + i];
          EXPECT_NEAR(y[i], sum, 1e-5);
        }
      }
    }
  });
}

}  // namespace conformer_math_test
}  // namespace plelab
