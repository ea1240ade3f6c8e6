// Runs a recorded config again: `plelab run RESULT.h5`.
#pragma once

#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/record/record.h"

namespace plelab {

// True for a file that begins as HDF5 files do; false for one that cannot be read.
bool IsHdf5(const std::string& path);

// What a result says of the run that made it.
struct RecordedRun {
  std::string path;         // the result
  Record record;            // its /meta only
  ExperimentConfig config;  // its config_yaml, changed by `overrides`; named as the config that it recorded
  // Keys that the recorded config does not have, with the values that they take now: "design.processes=3".
  std::vector<std::string> defaults;
};

// Throws UserError as ReadRecord, and as ParseExperimentConfig for a config of another version: the message
// names the result, the key, and --set, with which a key is changed or (KEY=null) taken away.
RecordedRun ReadRecordedRun(const std::string& path, const std::vector<std::string>& overrides);

// Throws UserError unless the files that the recorded run read are here and have the content that it
// recorded: checkpoint, texts, traces, tasks and media (/meta inputs, text_hash, …; version 1 recorded
// checkpoint_hash, text_hash and accuracy_text_hash alone).  The message names the file, what was recorded
// and what was found.  Files that an override replaced are not looked at, nor are those that the run writes
// itself: a folded table that is not packed, and with `synth` a checkpoint that does not exist.
void RequireRecordedInputs(const RecordedRun& run);

}  // namespace plelab
