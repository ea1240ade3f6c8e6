#include "model/ple/policies/static_hot.h"

#include <algorithm>
#include <map>
#include <utility>

namespace plelab {

std::vector<int64_t> MostFrequentRows(std::span<const int64_t> learned, int64_t capacity) {
  std::map<int64_t, int64_t> counts;
  for (const int64_t row : learned) ++counts[row];
  std::vector<std::pair<int64_t, int64_t>> ranked;  // (−count, row)
  for (const auto& [row, count] : counts) ranked.emplace_back(-count, row);
  std::sort(ranked.begin(), ranked.end());
  ranked.resize(std::min(ranked.size(), static_cast<size_t>(capacity)));
  std::vector<int64_t> rows;
  for (const auto& entry : ranked) rows.push_back(entry.second);
  return rows;
}

}  // namespace plelab
