// What `plelab-replay --quick` found, and what it says about it.
#pragma once

#include <string>
#include <vector>

#include "experiments/replay/measure/cache_hits.h"
#include "experiments/replay/measure/replay_contrast.h"
#include "experiments/replay/measure/row_cost.h"

namespace plelab {

// Steps of one length: baseline, variant and twin, as ContrastsOf returns them.
struct StepTimePoint {
  double step_ms = 0;  // wanted, of a step without PLE
  std::vector<ReplayContrast> contrasts = {};
};

// Whether placement costs more than the margin in steps of this length.  kUndecided also where the machine
// was too busy to tell: the twin of the baseline differs from it as much, or the baseline's median step is
// over kMostStretch times as long, or as short, as it should be.
inline constexpr double kMostStretch = 1.25;
enum class PlacementSays { kCosts, kWithin, kUndecided };
PlacementSays SaysOf(const StepTimePoint& point);

struct PlacementThreshold {
  double costs_up_to_ms = 0;  // the longest step where placement costs more than the margin; NaN: none does
  double within_from_ms = 0;  // from this step on all are within it; NaN: not even the longest
};
// REQUIRES points in ascending order of step_ms.
PlacementThreshold ThresholdOf(const std::vector<StepTimePoint>& points);

// The shortest step, in ms, in which a read that takes `read_ns` ends before the first of `layers` equal
// layers does.
double HiddenFromMs(double read_ns, int64_t layers);

struct QuickReport {
  std::string storage = {}, table = {};  // a line each
  std::string rows_from = {};            // how the variant reads: "disk,backend=io_uring"
  std::string baseline = {};             // "resident" or "no_rows"
  int64_t row_bytes = 0, layers = 0;
  std::vector<RowCost> costs = {};
  std::vector<CacheHits> hits = {};
  std::string hits_skipped = {};  // why nothing was counted; empty: it was
  std::vector<StepTimePoint> points = {};
  double margin_percent = 1;
};

// One sentence for each of the questions, in plain words.
std::string QuickConclusion(const QuickReport& report);
// Tables of at most 100 columns, and the conclusion.
std::string QuickText(const QuickReport& report);
// The table of one step time alone.
std::string PointsText(const std::vector<StepTimePoint>& points);

// The cost that the conclusion speaks of: cold, one row, of the backend that the variant reads with; nullptr
// where it was not measured.
const RowCost* ColdRowCost(const QuickReport& report);

}  // namespace plelab
