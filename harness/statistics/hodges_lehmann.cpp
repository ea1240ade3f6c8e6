#include "harness/statistics/hodges_lehmann.h"

#include <algorithm>
#include <vector>

namespace plelab {
namespace {

// P(W ≤ w) of the signed-rank statistic of n values under symmetry, for each w: the sum of a random subset of
// 1 … n.
std::vector<double> SignedRankCdf(int64_t n) {
  std::vector<double> share(n * (n + 1) / 2 + 1, 0.0);
  share[0] = 1;
  for (int64_t rank = 1; rank <= n; ++rank) {
    for (int64_t w = std::ssize(share) - 1; w >= 0; --w) {
      share[w] = (share[w] + (w >= rank ? share[w - rank] : 0.0)) / 2;
    }
  }
  for (size_t w = 1; w < share.size(); ++w) share[w] += share[w - 1];
  return share;
}

}  // namespace

Interval HodgesLehmann(std::span<const double> differences, double level) {
  std::vector<double> averages;
  for (size_t i = 0; i < differences.size(); ++i) {
    for (size_t j = i; j < differences.size(); ++j) averages.push_back((differences[i] + differences[j]) / 2);
  }
  const double value = Quantile(averages, 0.5);
  if (std::ssize(differences) < kLeastReps) return {value, kNan, kNan};
  const std::vector<double> cdf = SignedRankCdf(std::ssize(differences));
  // The first w whose lower tail is wider than allowed: w averages are left out at each end.
  const int64_t left_out = std::ranges::upper_bound(cdf, (1 - level) / 2) - cdf.begin();
  if (left_out == 0) return {value, kNan, kNan};
  std::ranges::sort(averages);
  return {value, averages[left_out - 1], averages[averages.size() - left_out]};
}

}  // namespace plelab
