// The result file of a run, from its claim to its last rename.
#pragma once

#include <optional>
#include <string>

#include "harness/config/experiment_config.h"
#include "harness/record/record.h"
#include "harness/run/runner.h"
#include "harness/support/output_place.h"

namespace plelab {

class RunOutput {
 public:
  // Chooses the path (RunOptions::out) and locks it for this process, so that a second run neither replaces
  // the result nor touches the parts of a live one, not even with --force.  Throws UserError when another
  // process writes it, when it exists and --force was not given, when it or the timeline cannot be written,
  // and when there is no unfinished run to resume.
  RunOutput(const ExperimentConfig& config, const RunOptions& options);

  const std::string& path() const { return path_; }
  // Throws as WriteNewRecord.
  void Write(const Record& record) const;

 private:
  std::string path_;
  bool force_;
  std::optional<OutputLock> lock_;
};

// Writes the record to `path`, which another file may have taken in the meantime: unless `force`, it is not
// replaced.  Then throws UserError, and the record is beside it in `path`.new (.new2, …
// where that is taken).  Throws RunError when it
// cannot be written.
void WriteNewRecord(const std::string& path, const Record& record, bool force);

// Throws UserError when a result exists at `path` and --force was not given, and for anything but a regular
// file.
void RequireFree(const std::string& path, const RunOptions& options);

}  // namespace plelab
