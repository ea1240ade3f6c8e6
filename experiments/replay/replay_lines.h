// The output of a replay: JSON lines, one object each, which scripts/replay_to_hdf5.py turns into tables.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "experiments/replay/measure/cache_hits.h"
#include "experiments/replay/measure/replay_contrast.h"
#include "experiments/replay/measure/row_cost.h"
#include "experiments/replay/replay_table.h"

namespace plelab {

// The first line has "kind": "meta"; each other line is a row of the table that its "kind" names: row_costs,
// cache_hits, comparisons, steps.  Keys end in their unit (_ns, _ms, _bytes); a number that is not known is
// null.  The order of kinds is that of the calls.
class ReplayLines {
 public:
  // Attributes of the first line.  Text, or numbers as text.
  void AddMeta(const std::string& key, const std::string& value);
  void Add(const RowCost& cost, int64_t row_bytes);
  void Add(const CacheHits& hits);
  // step_ms: of a step without PLE, as it was asked for.
  void Add(const ReplayContrast& contrast, double step_ms);
  void Add(const ReplayStepRow& row, double step_ms);

  // The whole text, which ends with a line break.
  std::string Text() const;

 private:
  std::vector<std::pair<std::string, std::string>> meta_;
  std::vector<std::string> lines_;
};

// What is known of host, table and options, for the first line.
void AddReplayMeta(ReplayLines& lines, const ReplayOptions& options, const ReplayTable& table);

// Throws UserError when `path` exists and `force` is not set, or is no place to write to.  Call it before
// measuring.
void CheckReplayOutput(const std::string& path, bool force);

}  // namespace plelab
