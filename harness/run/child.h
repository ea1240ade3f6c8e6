// Measures in a process of its own: a (variant, repetition), always for memory, and for time when the config
// says so; or some repetitions of a group whose variants take turns.
#pragma once

#include <string>

#include "harness/plan/phase.h"
#include "harness/run/side_by_side.h"
#include "model/base/error.h"

namespace plelab {

// What `plelab run-child` is to measure.
struct ChildTask {
  std::string config_path;  // the resolved config, written next to the parts
  std::string phase;        // "time", "memory" or "turns"
  int64_t variant = 0;      // of time and memory
  int64_t rep = 0;          // of time and memory
  int64_t group = 0;        // of turns, as the block
  Block block = {};
  std::string part_path;  // where it writes its record; of turns the folder of the parts
};

// The exit code of a child that measured but could not write its part.  That is a failure of the run, not of
// the variant.
inline constexpr int kPartNotWritten = 3;
class PartNotWritten : public RunError {
 public:
  explicit PartNotWritten(const std::string& what) : RunError("{}", what) {}
};

// The parent's side: starts the child, waits for it and takes over its part.  When the child dies or exits
// with an error, the variant is marked as failed with the child's last line of output.  Throws Interrupted,
// and RunError when the child could not write the part.
void RunChild(PhaseContext& context, const PartKey& key);

// The same for the repetitions of `block` of group `group`, whose parts the child puts beside the others.
// Throws Interrupted, and RunError with the child's last line when it fails.
void RunBlockAsChild(PhaseContext& context, int64_t group, const Block& block);

// The child's side: makes a plan of its variants, measures them and writes the parts.  Throws whatever the
// measurement throws, and PartNotWritten when the part cannot be written.
void MeasureAsChild(const ChildTask& task);

// Where the parent writes the resolved config for its children.
std::string ChildConfigPath(const PartStore& parts);

}  // namespace plelab
