#include "model/law/step_reads.h"

#include <algorithm>

#include "model/ple/replay/replay.h"

namespace plelab {
namespace {

// The rows that the cache does not hold, repeats included.
std::vector<int64_t> Missing(const std::vector<int64_t>& rows, const EvictionPolicy& cache) {
  std::vector<int64_t> missing;
  for (const int64_t row : rows) {
    if (cache.Find(row) == EvictionPolicy::kNone) missing.push_back(row);
  }
  return missing;
}

int32_t CountDistinct(std::vector<int64_t> rows) {
  std::ranges::sort(rows);
  return static_cast<int32_t>(std::unique(rows.begin(), rows.end()) - rows.begin());
}

}  // namespace

StepReads CountStepReads(const std::function<AskedRows(int64_t step)>& rows_of_step, int64_t steps,
                         int64_t warmup, EvictionPolicy& cache) {
  StepReads counted;
  int64_t asked = 0, missed = 0;
  for (int64_t step = 0; step < steps; ++step) {
    const AskedRows groups = rows_of_step(step);
    std::vector<int32_t> reads;
    for (const auto& rows : groups) {
      const std::vector<int64_t> missing = Missing(rows, cache);
      reads.push_back(CountDistinct(missing));
      if (step < warmup) continue;
      asked += std::ssize(rows);
      missed += std::ssize(missing);
    }
    for (const auto& rows : groups) Replay(cache, rows);
    if (step >= warmup) counted.reads.push_back(std::move(reads));
  }
  counted.rows_per_step = static_cast<double>(asked) / static_cast<double>(steps - warmup);
  counted.hit_rate = asked == 0 ? 0 : 1 - static_cast<double>(missed) / static_cast<double>(asked);
  return counted;
}

StepReads AlwaysMissing(const std::vector<int32_t>& rows_of_groups) {
  StepReads counted;
  counted.reads.push_back(rows_of_groups);
  for (const int32_t rows : rows_of_groups) counted.rows_per_step += rows;
  return counted;
}

}  // namespace plelab
