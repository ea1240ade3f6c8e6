// What caches of other sizes would have hit in a run: the run's own tokens, replayed through the same
// policies.
#pragma once

#include <optional>

#include "harness/plan/run_plan.h"
#include "harness/record/record.h"

namespace plelab {

inline constexpr char kReplayedHits[] = "replayed_hits";

// /curves/replayed_hits: hits per lookup of the measured steps, mean over `reps` repetitions, against the
// bytes of rows held, for each policy and start that a `cached` variant of the plan has, at capacities of 16
// rows, 32, 64, … up to all rows that the run asks for.  A series is the policy's name, with _warmed where
// the caches start warmed; _optimal behind it is the most that any cache of that start could hit (Belady).  A
// live variant lies on its policy's curve. std::nullopt where no cached variant can be replayed: its tokens
// are not known before they are sampled, there are several sequences, or its rows are of other tokens.
std::optional<Curve> ReplayedHits(const RunPlan& plan, int64_t reps);

}  // namespace plelab
