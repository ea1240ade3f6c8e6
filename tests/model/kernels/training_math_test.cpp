#include "model/kernels/training_math.h"

#include <gtest/gtest.h>

#include <algorithm>
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

// Σ dy · gelu(g) · up in float64, with the reference's Gaussian top-k where it is sparse (the deviation is
// that of the population).
double GatedSum(const std::vector<double>& gate, const std::vector<float>& up, const std::vector<float>& dy,
                GatedGeluKind kind) {
  const auto n = static_cast<double>(gate.size());
  double mean = 0, square = 0, sum = 0;
  for (const double g : gate) mean += g / n;
  for (const double g : gate) square += (g - mean) * (g - mean) / n;
  const double cutoff = mean + std::sqrt(square) * kind.quantile;
  for (size_t i = 0; i < gate.size(); ++i) {
    const double g = kind.sparse ? std::max(gate[i] - cutoff, 0.0) : gate[i];
    const double t = std::tanh(std::sqrt(2 / M_PI) * (g + 0.044715 * g * g * g));
    sum += dy[i] * up[i] * 0.5 * g * (1 + t);
  }
  return sum;
}

TEST(GatedGelu, ItsGradientIsThatOfDifferences) {
  ForEachTarget([] {
    for (const bool sparse : {false, true}) {
      for (const int64_t n : {5, 16, 37}) {
        const GatedGeluKind kind{sparse, 0.3f};
        std::vector<float> gate = RandomVector(n, 3), up = RandomVector(n, 4), dy = RandomVector(n, 5);
        for (float& g : gate) g *= 3;  // where the slope bends
        std::vector<float> dgate(n), dup(n);
        GatedGeluGradient(gate.data(), up.data(), n, kind, dy.data(), dgate.data(), dup.data());
        const std::vector<double> at(gate.begin(), gate.end());
        for (int64_t i = 0; i < n; ++i) {
          constexpr double kStep = 1e-5;
          std::vector<double> above = at, below = at;
          above[i] += kStep;
          below[i] -= kStep;
          const double slope = (GatedSum(above, up, dy, kind) - GatedSum(below, up, dy, kind)) / (2 * kStep);
          EXPECT_NEAR(dgate[i], slope, 1e-3) << i << " of " << n << (sparse ? ", sparse" : "");
          std::vector<float> more = up;
          more[i] += 1;
          EXPECT_NEAR(dup[i], GatedSum(at, more, dy, kind) - GatedSum(at, up, dy, kind), 1e-4)
              << i << " of " << n;
        }
      }
    }
  });
}

// Streams of n numbers, as the kernels take them.
struct Streams {
  Streams(int64_t count, int64_t n, int64_t seed) {
    for (int64_t i = 0; i < count; ++i) values.push_back(RandomVector(n, seed + i));
    for (auto& stream : values) pointers.push_back(stream.data());
  }
  float* const* data() { return pointers.data(); }
  std::vector<std::vector<float>> values;
  std::vector<float*> pointers;
};

constexpr int64_t kStreams = 3;

TEST(MixStreams, AddsToEachStreamAllStreamsByItsRowOfCoefficients) {
  ForEachTarget([] {
    for (const int64_t n : {1, 7, 33}) {
      Streams x(kStreams, n, 1), y(kStreams, n, 50);
      const std::vector<float> coefs = RandomVector(kStreams * kStreams, 90);
      MixStreams(x.data(), coefs.data(), kStreams, n, y.data());
      for (int64_t to = 0; to < kStreams; ++to) {
        for (int64_t i = 0; i < n; ++i) {
          double expected = x.values[to][i];
          for (int64_t from = 0; from < kStreams; ++from)
            expected += static_cast<double>(coefs[to * kStreams + from]) * x.values[from][i];
          EXPECT_NEAR(y.values[to][i], expected, 1e-5) << to << ", " << i << " of " << n;
        }
      }
    }
  });
}

TEST(MixStreams, ItsGradientRunsThroughTheColumnsAndThatOfACoefficientIsAProduct) {
  ForEachTarget([] {
    for (const int64_t n : {1, 7, 33}) {
      Streams x(kStreams, n, 1), dy(kStreams, n, 20), dx(kStreams, n, 50);
      const std::vector<float> coefs = RandomVector(kStreams * kStreams, 90);
      std::vector<float> dcoefs(kStreams * kStreams, 7);
      MixStreamsGradient(x.data(), coefs.data(), kStreams, n, dy.data(), dx.data(), dcoefs.data());
      for (int64_t from = 0; from < kStreams; ++from) {
        for (int64_t i = 0; i < n; ++i) {
          double expected = dy.values[from][i];
          for (int64_t to = 0; to < kStreams; ++to)
            expected += static_cast<double>(coefs[to * kStreams + from]) * dy.values[to][i];
          EXPECT_NEAR(dx.values[from][i], expected, 1e-5) << from << ", " << i << " of " << n;
        }
        for (int64_t to = 0; to < kStreams; ++to) {
          double product = 0;
          for (int64_t i = 0; i < n; ++i)
            product += static_cast<double>(dy.values[to][i]) * x.values[from][i];
          EXPECT_NEAR(dcoefs[to * kStreams + from], product, 1e-4) << to << " from " << from << ", " << n;
        }
      }
    }
  });
}

TEST(AddInnovation, AndItsGradientAreThoseOfTheFormula) {
  ForEachTarget([] {
    constexpr int64_t kActive = 1;
    for (const int64_t n : {1, 7, 33}) {
      Streams x(kStreams, n, 1), y(kStreams, n, 50), dy(kStreams, n, 20), dx(kStreams, n, 60);
      const std::vector<float> activated = RandomVector(n, 80), coefs = RandomVector(kStreams, 90);
      std::vector<float> dactivated(n, 7), dcoefs(kStreams, 7);
      AddInnovation(x.data(), activated.data(), coefs.data(), kStreams, kActive, n, y.data());
      AddInnovationGradient(x.data(), activated.data(), coefs.data(), kStreams, kActive, n, dy.data(),
                            dx.data(), dactivated.data(), dcoefs.data());
      for (int64_t i = 0; i < n; ++i) {
        const double innovation = static_cast<double>(activated[i]) - x.values[kActive][i];
        double of_innovation = 0;
        for (int64_t s = 0; s < kStreams; ++s) {
          EXPECT_NEAR(y.values[s][i], x.values[s][i] + coefs[s] * innovation, 1e-5)
              << s << ", " << i << " of " << n;
          of_innovation += static_cast<double>(coefs[s]) * dy.values[s][i];
        }
        EXPECT_NEAR(dactivated[i], of_innovation, 1e-5);
        for (int64_t s = 0; s < kStreams; ++s)
          EXPECT_NEAR(dx.values[s][i], dy.values[s][i] - (s == kActive ? of_innovation : 0), 1e-5) << s;
      }
      for (int64_t s = 0; s < kStreams; ++s) {
        double product = 0;
        for (int64_t i = 0; i < n; ++i)
          product += static_cast<double>(dy.values[s][i]) *
                     (static_cast<double>(activated[i]) - x.values[kActive][i]);
        EXPECT_NEAR(dcoefs[s], product, 1e-4) << s << " of " << n;
      }
    }
  });
}

}  // namespace training_math_test
}  // namespace plelab
