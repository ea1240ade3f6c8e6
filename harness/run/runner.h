// One run from a config to a result file: checks, time, memory, accuracy, merge.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/plan/phase.h"
#include "harness/record/record.h"

namespace plelab {

struct RunOptions {
  // The result file; empty: results/<config>_<UTC>.h5, or with `resume` the newest unfinished one.
  std::string out;
  std::string command;       // what reproduces the run, for /meta
  std::string config_path;   // for /meta
  std::string timeline;      // a Chrome trace is written there; empty: none
  bool force = false;        // replaces an existing result, throws unfinished parts away
  bool resume = false;       // goes on with the parts of a run that was stopped
  bool allow_debug = false;  // measures with a debug build, and stamps the result
  SourceMaker make_source = DefaultSourceMaker();
};

struct RunResult {
  std::string path;
  Record record;
  bool any_failed = false;
};

// Throws UserError before anything is measured (files missing, a text too short, memory or disk too small, a
// result that is already there, a config changed under resume), RunError when recording fails, and
// Interrupted after Ctrl-C.  With the latter two the finished parts stay, and the message says how to go on.
RunResult Run(const ExperimentConfig& config, const RunOptions& options);

// Where a run writes.  Throws UserError as above.
std::string ResultPath(const ExperimentConfig& config, const RunOptions& options);

// Throws UserError where a result is already there and --force was not given.
void RequireFree(const std::string& path, const RunOptions& options);

}  // namespace plelab
