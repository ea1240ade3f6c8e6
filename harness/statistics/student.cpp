#include "harness/statistics/student.h"

#include <cmath>

namespace plelab {
namespace {

// The continued fraction of the incomplete beta function, by Lentz's method (Abramowitz & Stegun 26.5.8).
double BetaFraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300, kPrecision = 1e-15;
  const auto term = [&](int i) {
    const double m = i / 2;
    if (i % 2 == 0) return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
  };
  double value = 1, above = 1, below = 0;
  for (int i = 1; i < 10'000; ++i) {
    below = 1 / std::fmax(1 + term(i) * below, kTiny);
    above = std::fmax(1 + term(i) / above, kTiny);
    value *= above * below;
    if (std::fabs(above * below - 1) < kPrecision) break;
  }
  return 1 / value;
}

// The regularized incomplete beta function I_x(a, b).
double IncompleteBeta(double a, double b, double x) {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) + a * std::log(x) + b * std::log1p(-x));
  // The fraction converges fast on this side only.
  if (x < (a + 1) / (a + b + 2)) return front * BetaFraction(a, b, x) / a;
  return 1 - front * BetaFraction(b, a, 1 - x) / b;
}

}  // namespace

double StudentCdf(double t, double dof) {
  const double tail = IncompleteBeta(dof / 2, 0.5, dof / (dof + t * t)) / 2;
  return t < 0 ? tail : 1 - tail;
}

double StudentQuantile(double p, double dof) {
  if (p < 0.5) return -StudentQuantile(1 - p, dof);
  double low = 0, high = 1;
  while (StudentCdf(high, dof) < p) high *= 2;
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    (StudentCdf(middle, dof) < p ? low : high) = middle;
  }
  return (low + high) / 2;
}

double Variance(std::span<const double> values) {
  if (values.size() < 2) return kNan;
  const double mean = Mean(values);
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return squares / static_cast<double>(values.size() - 1);
}

TestedMean MeanOfReps(std::span<const double> values, double level) {
  const double mean = Mean(values);
  const auto n = static_cast<double>(values.size());
  if (std::ssize(values) < kLeastReps) return {{mean, kNan, kNan}, kNan};
  const double error = std::sqrt(Variance(values) / n);
  const double half_width = StudentQuantile((1 + level) / 2, n - 1) * error;
  const double p = error > 0 ? 2 * StudentCdf(-std::fabs(mean) / error, n - 1) : mean == 0 ? 1 : 0;
  return {{mean, mean - half_width, mean + half_width}, p};
}

}  // namespace plelab
