#include "harness/measure/observed_steps.h"

#include <cmath>

#include "harness/support/statistics.h"
#include "harness/support/timer.h"
#include "model/base/format.h"

namespace plelab {
namespace {

template <class F>
int64_t MedianOf(std::span<const ObservedStep> steps, F ns_of) {
  std::vector<double> ns;
  for (const ObservedStep& step : steps) ns.push_back(static_cast<double>(ns_of(step.times)));
  return std::llround(Quantile(ns, 0.5));
}

bool HasPart(const StepTimes& times, StepPart part) {
  for (const WatchedSpan& span : times.parts) {
    if (span.name == Name(part)) return true;
  }
  return false;
}

// The parts of each layer as one span; parts without a layer stand between them.
std::vector<WatchedSpan> LayersOf(std::span<const WatchedSpan> parts) {
  std::vector<WatchedSpan> layers;
  for (const WatchedSpan& part : parts) {
    if (part.layer == kNoLayer) continue;
    if (layers.empty() || layers.back().layer != part.layer) {
      layers.push_back({Format("layer {}", part.layer), part.layer, part.start_ns, 0});
    }
    layers.back().duration_ns = part.start_ns + part.duration_ns - layers.back().start_ns;
  }
  return layers;
}

}  // namespace

std::vector<StepPartRow> StepPartRows(const std::string& variant, int64_t rep,
                                      std::span<const ObservedStep> steps) {
  std::vector<StepPartRow> rows;
  if (steps.empty() || steps.front().times.parts.empty()) return rows;
  const ObservedStep& first = steps.front();
  const auto add = [&](std::string part, int64_t time_ns, int64_t step_bytes) {
    rows.push_back({variant, std::move(part), rep, std::ssize(steps), time_ns, step_bytes});
  };
  for (size_t i = 0; i < kStepParts; ++i) {
    const auto part = static_cast<StepPart>(i);
    if (!HasPart(first.times, part)) continue;
    const int64_t ns = MedianOf(steps, [&](const StepTimes& times) { return times.part_ns[part]; });
    add(std::string(Name(part)), ns, first.part_bytes[part]);
  }
  add(kRowsPart, MedianOf(steps, [](const StepTimes& times) { return times.rows_ns; }), first.row_bytes);
  return rows;
}

void AddToTimeline(const StepTimes& step, const std::string& variant, Timeline& timeline) {
  const int64_t made_ns = NowNs() - timeline.now_ns();  // when the timeline was, by the harness's clock
  const auto add = [&](const std::string& track, const WatchedSpan& span) {
    timeline.Add(track, span.name, span.start_ns - made_ns, span.duration_ns);
  };
  // What encloses comes first.
  add(variant, {"observed step", kNoLayer, step.start_ns, step.duration_ns});
  for (const WatchedSpan& layer : LayersOf(step.parts)) add(variant, layer);
  for (const WatchedSpan& part : step.parts) add(variant, part);
  for (const WatchedSpan& rows : step.rows) add(variant, rows);
  for (const WatchedSpan& read : step.reads) add(variant + " reads", read);
}

}  // namespace plelab
