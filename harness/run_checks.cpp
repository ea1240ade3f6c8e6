#include "harness/run_checks.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <limits>

#include "harness/environment.h"
#include "harness/estimate.h"
#include "harness/phase.h"
#include "harness/variant_layers.h"
#include "model/io/error.h"

namespace plelab {
namespace fs = std::filesystem;
namespace {

// The number after `key` in /proc/meminfo, in bytes; −1 where it is not there.
int64_t MemInfoBytes(const std::string& key) {
  std::ifstream stream("/proc/meminfo");
  for (std::string line; std::getline(stream, line);) {
    if (line.rfind(key + ":", 0) == 0) return std::stoll(line.substr(key.size() + 1)) * 1024;
  }
  return -1;
}

// "max", nothing and the huge numbers of cgroup v1 all mean: no limit.
int64_t LimitIn(const fs::path& file) {
  std::ifstream stream(file);
  int64_t limit = 0;
  return stream >> limit ? limit : std::numeric_limits<int64_t>::max();
}

int64_t MemoryGroupLimit() {
  int64_t limit = std::numeric_limits<int64_t>::max();
  std::ifstream groups("/proc/self/cgroup");
  for (std::string line; std::getline(groups, line);) {
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    if (controllers.empty()) limit = std::min(limit, LimitIn("/sys/fs/cgroup" + path + "/memory.max"));
    if (controllers == "memory") {
      limit = std::min(limit, LimitIn("/sys/fs/cgroup/memory" + path + "/memory.limit_in_bytes"));
    }
  }
  return limit;
}

std::string GB(int64_t bytes) { return fmt::format("{:.1f} GB", static_cast<double>(bytes) * 1e-9); }

void CheckRoom(const ExperimentConfig& config, const std::vector<VariantGroup>& groups,
               const std::string& out) {
  const RunEstimate estimate = EstimateRun(config, groups, {});
  const int64_t memory = AvailableMemoryBytes();
  if (estimate.memory_bytes > memory) {
    throw UserError(
        "{}: the variants together need about {} of memory, {} are available; use design.isolate: process, "
        "or fewer "
        "variants (plelab run --dry-run lists what each takes)",
        config.name, GB(estimate.memory_bytes), GB(memory));
  }
  const int64_t disk = FreeDiskBytes(out);
  if (estimate.result_bytes * 2 > disk) {  // parts and the merged file, for a moment
    throw UserError("{}: the result needs about {} of disk, {} are free", out, GB(estimate.result_bytes * 2),
                    GB(disk));
  }
}

void CheckTransforms(const ExperimentConfig& config, const VariantGroup& group, const PleGeometry& geometry) {
  for (int64_t v : group.variants) {
    const auto& variant = config.variants[v];
    try {
      FootprintOf(variant.ple, geometry);
    } catch (const UserError& error) {
      throw UserError("{}: variant '{}': {}", config.places.at(fmt::format("variants[{}]", variant.name)),
                      variant.name, error.what());
    }
  }
}

// Cutting the workload throws where the text is too short for it.
void CheckText(const ExperimentConfig& config, const VariantGroup& group, const Checkpoint& checkpoint) {
  const Workload work = WorkloadOf(config, group.workload, checkpoint);
  for (int64_t v : group.variants) {
    const auto& variant = config.variants[v];
    if (CacheStartOf(variant.ple) == "warmed" && work.warm_ids.empty()) {
      throw UserError(
          "variant '{}' starts warmed, but no token of the text is left to warm it with: set "
          "workload.warm_tokens, or take a longer text",
          variant.name);
    }
  }
}

}  // namespace

int64_t AvailableMemoryBytes() {
  const int64_t available = MemInfoBytes("MemAvailable");
  return std::min(available < 0 ? std::numeric_limits<int64_t>::max() : available, MemoryGroupLimit());
}

int64_t FreeDiskBytes(const std::string& path) {
  fs::path folder = fs::absolute(path);
  while (!fs::exists(folder) && folder.has_relative_path()) folder = folder.parent_path();
  return static_cast<int64_t>(fs::space(folder).available);
}

void CheckBuild(bool allow_debug) {
  if (BuildMayMeasure() || allow_debug) return;
  throw UserError(
      "this is a debug or sanitized build: its times mean nothing, so it measures none; use the preset "
      "release (or "
      "--allow-debug to try the pipeline: the result is stamped)");
}

void CheckWork(const ExperimentConfig& config, const std::vector<VariantGroup>& groups,
               const std::string& out) {
  for (const auto& group : groups) {
    const Checkpoint checkpoint = Checkpoint::Open(group.model.checkpoint);
    CheckTransforms(config, group, checkpoint.ple_table().geometry);
    for (int64_t v : group.variants) LayersOf(config, config.variants[v], checkpoint.config().text);
    if (RunsWorkload(config)) CheckText(config, group, checkpoint);
  }
  CheckRoom(config, groups, out);
}

}  // namespace plelab
