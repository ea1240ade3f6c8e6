// What `plelab law` asks of the law: combinations of devices, step times and rows per token.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "experiments/replay/tables/geometries.h"
#include "model/law/placement_law.h"

namespace plelab {

struct LawArguments {
  std::vector<std::string> devices;
  std::string geometry;
  std::vector<double> step_ms;
  std::vector<int64_t> rows_per_token;  // empty: the geometry's own
  std::string cache = "0";              // "64MiB", "5%" of the table
  std::string policy = "lru";
  std::string trace;  // token ids; empty: no row is ever in memory, and all are distinct
  std::string constants;
  int64_t queue_depth = 64;
  double pause_ms = 0;
  int64_t seed = 1;
  bool json = false;
};

struct LawCase {
  DeviceProfile device;
  ReplayGeometry geometry;
  double step_ms = 0;
  PlacementPrediction prediction;
};

// Throws UserError for what the arguments cannot mean.
void CheckLawArguments(const LawArguments& arguments);
// Every combination, devices outermost.
std::vector<LawCase> AskLaw(const LawArguments& arguments, const LawConstants& constants);

}  // namespace plelab
