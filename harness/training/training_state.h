// What a run goes on from after it was stopped: one file, renamed into place.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "harness/record/record.h"
#include "harness/training/adamw.h"

namespace plelab {

struct TrainingProgress {
  int64_t step = 0;                                // done
  double seconds = 0;                              // spent in steps
  double interval_loss = 0, interval_seconds = 0;  // sums since the last row …
  int64_t interval_steps = 0;                      // … over so many steps
  std::vector<TrainingRow> rows;                   // recorded by now
  std::vector<CurveRow> valid;                     // nats on the validation split by now
};

std::string StatePath(const std::string& folder);

// `identity`: the part of the config that a run may not change while it goes on.  Throws RunError.
void SaveState(const std::string& folder, const AdamW& optimizer, const TrainingProgress& progress,
               const std::string& identity);
// Nothing where there is no state.  Throws UserError for one of another identity, naming the first line that
// differs.
std::optional<TrainingProgress> LoadState(const std::string& folder, AdamW& optimizer,
                                          const std::string& identity);

}  // namespace plelab
