// What steps that were observed say: rows of a table, and slices of a timeline.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "harness/measure/variant_session.h"
#include "harness/record/record.h"
#include "harness/record/timeline.h"

namespace plelab {

// How many steps are observed of each variant in each repetition.
inline constexpr int64_t kObservedSteps = 3;

// One row for each part that the steps have, and one for the rows (kRowsPart): medians of their times, and
// the bytes of the first.  Empty where the steps have no parts, as on an accelerator.
std::vector<StepPartRow> StepPartRows(const std::string& variant, int64_t rep,
                                      std::span<const ObservedStep> steps);

// Adds the step to the track of the variant: within it its layers, within those their parts, and within parts
// the time in which the model waited for rows or gathered them.  Reads have a track of their own, because
// they overlap.
void AddToTimeline(const StepTimes& step, const std::string& variant, Timeline& timeline);

}  // namespace plelab
