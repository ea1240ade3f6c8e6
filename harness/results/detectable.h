// What difference a planned run would find, told from an earlier run of its config.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "harness/config/experiment_config.h"
#include "harness/record/record.h"

namespace plelab {

// An earlier run that timed steps.
struct EarlierRun {
  std::string source;  // for people: its path, or "a pilot"
  Record record;
};

// The newest results/<config>_*.h5 that recorded this config's name and timed steps, else
// results/findings/<config>.h5; std::nullopt without either.  Files that cannot be read are passed over.
std::optional<EarlierRun> LastRunOf(const std::string& config_name);

// How finely a group's differences can be told, from one pair of variants in an earlier run.
struct DetectableStep {
  std::string pair;                     // whose differences to the baseline were taken
  int64_t reps = 0;                     // of the earlier run
  int64_t steps_per_rep = 0;            // of the earlier run, at most
  double difference_ns = kNotMeasured;  // DetectableDifference with the planned repetitions
  double share_of_step = kNotMeasured;  // of the baseline's mean step
};
// From the repetitions' mean differences between the baseline and its twin; without a twin between the
// baseline and the variant whose differences vary most.  std::nullopt where the run has no such pair with two
// repetitions or more.
std::optional<DetectableStep> DetectableIn(const Record& record, const std::string& baseline,
                                           int64_t planned_reps);

// The config of a pilot, which is short: five repetitions of at most 64 steps each, no memory and no accuracy
// phase, no stop rule, no reads of page_cache.reference.  Shorter repetitions vary more than long ones, so
// that what a pilot says is rather too large; the deviation of five repetitions is itself known to half or
// double.
ExperimentConfig PilotOf(const ExperimentConfig& config);

}  // namespace plelab
