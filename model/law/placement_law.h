// What it costs that rows are read from a device: predicted from the device, the rows and the step.
#pragma once

#include <cstdint>
#include <string>

#include "model/law/exposed_wait.h"

namespace plelab {

// What the machine adds to the waits, fitted to measured runs by scripts/law/fit.py, and how far predictions
// were off on runs that it was not fitted to.
struct LawConstants {
  double step_us = 0;  // of a step that reads anything
  double row_us = 0;   // of each row that is asked for
  // To collect a row once it is there, and each KiB of it: hidden while other rows are awaited.
  double collect_us = 0, kib_us = 0;
  // An error is counted in units of the larger of 10 % of the difference and 0.5 % of the step.  90 % of the
  // held-out runs were within so many; 0: not known.
  double mean_error_units = 0, p99_error_units = 0;
  std::string fitted_to;  // the result file; empty: nothing was fitted, and no interval is known
};
// configs/law/constants.yaml, or another file of that form.  Throws UserError with `file:line:column`.
LawConstants ReadLawConstants(const std::string& path);

struct PredictedValue {
  double value = 0;
  double low = 0, high = 0;  // both equal `value` where no interval is known
};

struct PlacementPrediction {
  PredictedValue delta_ms;      // how much longer a step is, on average
  PredictedValue p99_delta_ms;  // and at the 99th percentile of steps
  PredictedValue tokens_per_s;  // with tokens_per_step tokens in each step
  double waiting_steps = 0;     // share of the steps that wait at all
  double hit_rate = 0;
  double reads_per_step = 0;
};

struct PlacementQuestion {
  WaitingSteps steps;
  double tokens_per_step = 1;
  uint64_t seed = 1;
  int64_t simulated_steps = 20'000;
};

// Δ = E[exposed wait, with collect_us + kib_us · KiB for each row] + step_us + row_us · rows, and the same
// with the 99th percentile.
PlacementPrediction Predict(const PlacementQuestion& question, const LawConstants& constants);

}  // namespace plelab
