// What the command line of plelab-replay can say.
#pragma once

#include <cstdint>
#include <string>

#include "experiments/replay/measure/replay_run.h"

namespace plelab {

struct ReplayOptions {
  bool quick = false;
  std::string table = {};     // a file that has the table; empty: none
  std::string geometry = {};  // a table that is not at hand; empty: none
  std::string trace = {};     // token ids; empty: the one that ships (quick only)
  double step_ms = 0;
  std::string ple = "disk";
  std::string device = {};  // a profile to be slowed down to; empty: as fast as this machine

  std::string work = ".work/replay";  // where the file of random bytes goes
  std::string size = {};              // the most that it may take: "2GB"; empty: what fits
  bool clean = false;                 // remove it afterwards
  std::string out = {};               // .jsonl; empty: none
  bool force = false;                 // overwrite it
  int64_t threads = 0;                // 0: all cores
  int64_t reps = 5;
  int64_t steps = 0;           // of each repetition; 0: by step_ms
  int64_t rows_per_token = 0;  // 0: the geometry's
  int64_t seed = 1;
  int64_t table_offset = 0;  // of a file that is not safetensors
  int64_t layers = 0;        // slices of a row of a safetensors table; 0: columns / 256
  std::string cold = {};     // empty: step, and never with a modelled device
  std::string baseline = "auto";
  double margin_percent = 1;
};

inline constexpr double kLeastStepMs = 0.5, kMostStepMs = 200;

// Throws UserError for what does not go together or lies outside of its range, naming the option.
void CheckReplayOptions(const ReplayOptions& options);

// "step", "repetition" or "never"; where nothing was given, never with a modelled device, whose reads are
// late whatever the page cache holds, and otherwise step.  Throws UserError.
std::string ColdOf(const ReplayOptions& options);
ColdAt ParseColdAt(const ReplayOptions& options);
// How many steps a repetition has: as given, or as many as make 1,024 in all, which a 99th percentile needs,
// where they fit into about a minute; fewer for long steps, but 32.
int64_t StepsOf(const ReplayOptions& options);

}  // namespace plelab
