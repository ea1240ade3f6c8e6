// A process per (variant, repetition): always for memory, for time where a config asks.
#pragma once

#include <string>

#include "harness/plan/phase.h"
#include "model/base/error.h"

namespace plelab {

// What `plelab run-child` is told to measure.
struct ChildTask {
  std::string config_path;  // the resolved config, written beside the parts
  std::string phase;        // "time" or "memory"
  int64_t variant = 0;
  int64_t rep = 0;
  std::string part_path;  // where its record goes
};

// The child could measure but not write: not the variant's failure but the run's.
inline constexpr int kPartNotWritten = 3;
class PartNotWritten : public RunError {
 public:
  explicit PartNotWritten(const std::string& what) : RunError("{}", what) {}
};

// The parent's side: starts the child, waits for it and takes its part in.  Where a child dies or exits with
// an error, the variant is marked as failed with the child's last line.  Throws Interrupted, and RunError
// where the part could not be written.
void RunChild(PhaseContext& context, const PartKey& key);

// The child's side: makes a plan of its one variant, measures it and writes the part.  Throws what failed,
// and PartNotWritten for the part itself.
void MeasureAsChild(const ChildTask& task);

// Where the parent writes the resolved config for its children.
std::string ChildConfigPath(const PartStore& parts);

}  // namespace plelab
