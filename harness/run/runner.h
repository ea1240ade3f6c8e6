// Runs a config and writes its result file: checks, time, memory, accuracy, merge.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/plan/phase.h"
#include "harness/record/record.h"

namespace plelab {

struct RunOptions {
  // The result file.  When empty, it is results/<config>_<UTC>.h5, or with `resume` the newest unfinished
  // one.
  std::string out;
  std::string command;       // the command that reproduces the run, for /meta
  std::string config_path;   // for /meta
  std::string timeline;      // where a Chrome trace is written; empty for no trace
  bool force = false;        // replaces an existing result and discards unfinished parts
  bool resume = false;       // continues with the parts of a run that was stopped
  bool temporary = false;    // nothing of it is kept, so that nobody is told how to go on
  bool allow_debug = false;  // measures even with a debug build and marks the result as such
  SourceMaker make_source = DefaultSourceMaker();
};

struct RunResult {
  std::string path;
  Record record;
  bool any_failed = false;
};

// Throws UserError before anything is measured (missing files, a text that is too short, a task or a picture
// that cannot be read, too little memory or disk space, a result that exists or that another process writes,
// a config or an input that changed before a resume), RunError when recording fails, and Interrupted after
// Ctrl-C.  After the latter two the finished parts stay, and the message says how to continue.
RunResult Run(const ExperimentConfig& config, const RunOptions& options);

}  // namespace plelab
