#include "harness/statistics/trend.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <vector>

#include "harness/statistics/student.h"

namespace plelab {
namespace {

constexpr int64_t kMostExact = 60;  // above, the normal approximation agrees to three digits

// P(I ≤ most) of the number of inversions I of a random permutation of n values.
double InversionsCdf(int64_t n, int64_t most) {
  std::vector<double> share(n * (n - 1) / 2 + 1, 0.0);
  share[0] = 1;
  // The k-th value is put before 0 … k − 1 of those before it, each equally likely.
  for (int64_t k = 2; k <= n; ++k) {
    std::vector<double> next(share.size(), 0.0);
    for (int64_t i = 0; i < std::ssize(share); ++i) {
      for (int64_t before = 0; before < k && before <= i; ++before) {
        next[i] += share[i - before] / static_cast<double>(k);
      }
    }
    share = std::move(next);
  }
  double sum = 0;
  for (int64_t i = 0; i <= most; ++i) sum += share[i];
  return sum;
}

// Pairs in rising order minus pairs in falling order.
int64_t KendallS(std::span<const double> y) {
  int64_t s = 0;
  for (size_t i = 0; i < y.size(); ++i) {
    for (size_t j = i + 1; j < y.size(); ++j) s += (y[j] > y[i]) - (y[j] < y[i]);
  }
  return s;
}

double NormalP(int64_t s, std::span<const double> y) {
  std::map<double, double> times;
  for (const double value : y) ++times[value];
  const auto pairs = [](double n) { return n * (n - 1) * (2 * n + 5); };
  double variance = pairs(static_cast<double>(y.size()));
  for (const auto& [value, n] : times) variance -= pairs(n);
  variance /= 18;
  if (variance <= 0) return 1;  // all values are equal
  const double z = std::max(std::fabs(static_cast<double>(s)) - 1, 0.0) / std::sqrt(variance);
  return std::erfc(z / std::sqrt(2.0));
}

double KendallP(std::span<const double> y) {
  const int64_t n = std::ssize(y), s = KendallS(y);
  std::vector<double> sorted(y.begin(), y.end());
  std::ranges::sort(sorted);
  const bool ties = std::ranges::adjacent_find(sorted) != sorted.end();
  if (ties || n > kMostExact) return NormalP(s, y);
  const int64_t pairs = n * (n - 1) / 2;
  return std::min(1.0, 2 * InversionsCdf(n, (pairs - std::abs(s)) / 2));
}

}  // namespace

Trend TrendOf(std::span<const double> x, std::span<const double> y) {
  std::vector<double> slopes;
  for (size_t i = 0; i < y.size(); ++i) {
    for (size_t j = i + 1; j < y.size(); ++j) slopes.push_back((y[j] - y[i]) / (x[j] - x[i]));
  }
  return {Quantile(slopes, 0.5), std::ssize(y) < kLeastReps ? kNan : KendallP(y)};
}

}  // namespace plelab
