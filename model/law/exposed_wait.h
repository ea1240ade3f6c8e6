// The time for which steps wait for their rows: simulated with the queue of the device, in virtual time.
#pragma once

#include <cstdint>
#include <vector>

#include "model/devices/device_profile.h"
#include "model/law/step_reads.h"

namespace plelab {

// A step that asks for rows at its begin and needs them later, again and again.
struct WaitingSteps {
  DeviceProfile device;
  int64_t read_bytes = 0;   // of one row, as it is read
  int64_t queue_depth = 1;  // reads under way at most: 1 for a thread that reads one after the other
  double collect_us = 0;    // that the caller needs for each row once it is there, one row after the other
  double step_ms = 0;       // without PLE
  // Between two steps, while nothing is read: 0 when one token follows another.
  double pause_ms = 0;
  // [groups]: from the begin of the step to when the group's rows are needed, in a step that never waits.
  // Ascending.
  std::vector<double> window_ms;
  StepReads reads;  // its steps take turns
};

// Exposed waits in µs of `steps` steps.  Reads are submitted at the begin of the step, in the order of the
// groups, as far as queue_depth lets, and collected in that order when the group is needed; rows that are
// there are collected while the caller waits for others.  A wait for one group moves the need of the later
// ones.  The device keeps its state from step to step: a limit that was used up, flash units that are busy.
std::vector<double> ExposedWaitsUs(const WaitingSteps& steps, int64_t count, uint64_t seed);

}  // namespace plelab
