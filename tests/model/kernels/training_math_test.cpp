#include "model/kernels/training_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "model/kernels/vector_math.h"
#include "tests/model/kernels/kernel_test.h"

namespace plelab {
namespace training_math_test {

using testing::ForEachTarget;
using testing::RandomVector;

// Against float64, for vocabularies shorter than a vector, of whole vectors and with a rest.
TEST(SoftcapCrossEntropy, IsThatOfTheCappedLogitsAndSoIsItsGradient) {
  ForEachTarget([] {
    for (const int64_t n : {1, 3, 17, 64, 255}) {
      for (const float cap : {0.0f, 3.0f}) {
        std::vector<float> logits = RandomVector(n, n), scratch(2 * n);
        for (float& logit : logits) logit *= 4;
        const int64_t target = n / 2;
        std::vector<double> z(n);
        double sum = 0;
        for (int64_t i = 0; i < n; ++i) {
          z[i] = cap == 0 ? logits[i] : cap * std::tanh(static_cast<double>(logits[i]) / cap);
          sum += std::exp(z[i]);
        }
        const std::vector<float> before = logits;
        const double nats = std::log(sum) - z[target];
        EXPECT_NEAR(
            SoftcapCrossEntropy(logits.data(), ElementType::kFloat32, n, cap, target, false, scratch.data()),
            nats, 2e-5);
        EXPECT_EQ(logits, before) << "no gradient was asked for";
        EXPECT_NEAR(
            SoftcapCrossEntropy(logits.data(), ElementType::kFloat32, n, cap, target, true, scratch.data()),
            nats, 2e-5);
        for (int64_t i = 0; i < n; ++i) {
          const double slope = cap == 0 ? 1 : 1 - z[i] / cap * z[i] / cap;
          EXPECT_NEAR(logits[i], (std::exp(z[i]) / sum - (i == target ? 1 : 0)) * slope, 1e-5)
              << i << " of " << n;
        }
      }
    }
  });
}

TEST(SoftcapCrossEntropy, OfBFloat16LeavesABFloat16Gradient) {
  ForEachTarget([] {
    const std::vector<float> logits = {0.5f, -1, 2};
    std::vector<uint16_t> bits(3);
    std::vector<float> scratch(6), gradient(3);
    NarrowTo(logits.data(), 3, ElementType::kBFloat16, bits.data());
    const double sum = std::exp(0.5) + std::exp(-1.0) + std::exp(2.0);
    EXPECT_NEAR(SoftcapCrossEntropy(bits.data(), ElementType::kBFloat16, 3, 0, 2, true, scratch.data()),
                std::log(sum) - 2, 1e-5);
    WidenTo(bits.data(), ElementType::kBFloat16, 3, gradient.data());
    EXPECT_NEAR(gradient[0], std::exp(0.5) / sum, 1e-3);
    EXPECT_NEAR(gradient[2], std::exp(2.0) / sum - 1, 1e-3);
  });
}

}  // namespace training_math_test
}  // namespace plelab
