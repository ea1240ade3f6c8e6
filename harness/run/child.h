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

// The parent's side: starts the child, waits, takes its part in.  A child that dies or exits with an error
// marks the variant as failed with its last line.  Throws Interrupted, and RunError where the part could not
// be written.
void RunChild(PhaseContext& context, const PartKey& key);

// The child's side: measures and writes the part.  Throws what failed; PartNotWritten for the part itself.
void MeasureAsChild(const ChildTask& task);

// Where the parent writes the resolved config for its children.
std::string ChildConfigPath(const PartStore& parts);

}  // namespace plelab
