#include "harness/statistics/verdict.h"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace plelab {

std::string_view Name(Verdict verdict) {
  switch (verdict) {
    case Verdict::kPass:
      return "pass";
    case Verdict::kFail:
      return "fail";
    case Verdict::kUndecided:
      break;
  }
  return "undecided";
}

Verdict MarginVerdict(const Interval& difference, double margin) {
  if (std::isnan(difference.low) || std::isnan(difference.high)) return Verdict::kUndecided;
  if (-margin <= difference.low && difference.high <= margin) return Verdict::kPass;
  if (difference.low > margin || difference.high < -margin) return Verdict::kFail;
  return Verdict::kUndecided;
}

std::vector<double> HolmCorrected(std::span<const double> p) {
  std::vector<size_t> order;
  for (size_t i = 0; i < p.size(); ++i) {
    if (!std::isnan(p[i])) order.push_back(i);
  }
  std::ranges::sort(order, {}, [&](size_t i) { return p[i]; });
  std::vector<double> corrected(p.begin(), p.end());
  double highest = 0;
  for (size_t k = 0; k < order.size(); ++k) {
    highest = std::max(highest, std::min(1.0, p[order[k]] * static_cast<double>(order.size() - k)));
    corrected[order[k]] = highest;
  }
  return corrected;
}

}  // namespace plelab
