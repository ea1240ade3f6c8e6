// The state from which a stopped run resumes: one file, renamed into place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/record/record.h"
#include "harness/training/adamw.h"

namespace plelab {

struct TrainingProgress {
  int64_t step = 0;                                // steps done
  double seconds = 0;                              // spent in steps
  double interval_loss = 0, interval_seconds = 0;  // sums since the last row …
  int64_t interval_steps = 0;                      // … over this many steps
  std::vector<TrainingRow> rows;                   // recorded so far
  std::vector<CurveRow> valid;                     // nats on the validation split so far
};

std::string StatePath(const std::string& folder);

// `identity` is what must not change when a run is resumed: config, data, start.  Throws RunError.
void SaveState(const std::string& folder, const AdamW& optimizer, const TrainingProgress& progress,
               const std::string& identity);
// Returns nothing when there is no state.  `steps` is how many the whole run has.  Throws UserError for a
// state of another identity, naming the first line that differs, and for one whose tensors or numbers cannot
// be those of such a run.
std::optional<TrainingProgress> LoadState(const std::string& folder, AdamW& optimizer,
                                          const std::string& identity, int64_t steps);

}  // namespace plelab
