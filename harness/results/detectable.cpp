#include "harness/results/detectable.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <functional>
#include <vector>

#include "harness/comparison/repetition_pairs.h"
#include "harness/config/config_print.h"
#include "harness/record/recorder.h"
#include "harness/statistics/power.h"
#include "harness/statistics/student.h"
#include "model/base/error.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPilotReps = kLeastReps, kPilotSteps = 64;

// The files results/<name>_*.h5, the newest first.
std::vector<std::string> ResultsOf(const std::string& name) {
  std::vector<std::pair<fs::file_time_type, std::string>> found;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("results", error)) {
    const std::string file = entry.path().filename().string();
    if (!entry.is_regular_file(error) || !file.starts_with(name + "_") || !file.ends_with(".h5")) continue;
    found.emplace_back(entry.last_write_time(error), entry.path().string());
  }
  std::ranges::sort(found, std::greater<>());
  std::vector<std::string> paths;
  for (auto& [time, path] : found) paths.push_back(std::move(path));
  return paths;
}

}  // namespace

std::optional<EarlierRun> LastRunOf(const std::string& config_name) {
  std::vector<std::string> paths = ResultsOf(config_name);
  paths.push_back(Format("results/findings/{}.h5", config_name));
  for (const std::string& path : paths) {
    try {
      if (!fs::exists(path)) continue;
      EarlierRun run{path, ReadRecord(path)};
      if (MetaValue(run.record.meta, "config") == config_name && !run.record.steps.empty()) return run;
    } catch (const std::exception&) {
      continue;  // it says nothing of this config
    }
  }
  return std::nullopt;
}

std::optional<DetectableStep> DetectableIn(const Record& record, const std::string& baseline,
                                           int64_t planned_reps) {
  const Reps of_baseline = StepTimes(record.steps, baseline);
  if (of_baseline.empty()) return std::nullopt;
  std::optional<DetectableStep> found;
  double deviation = -1;
  for (const VariantRow& row : record.variants) {
    if (row.baseline != baseline || row.variant == baseline) continue;
    const auto differences = PairsOf(StepTimes(record.steps, row.variant), of_baseline).MeanDifferences();
    const double own = std::sqrt(Variance(differences));
    if (std::isnan(own) || (!IsControl(row) && own <= deviation)) continue;
    deviation = own;
    found = DetectableStep{.pair = row.variant, .reps = std::ssize(differences)};
    if (IsControl(row)) break;
  }
  if (!found) return std::nullopt;
  std::vector<double> means;
  for (const auto& [rep, steps] : of_baseline) {
    means.push_back(Mean(steps));
    found->steps_per_rep = std::max(found->steps_per_rep, std::ssize(steps));
  }
  found->difference_ns = DetectableDifference(deviation, planned_reps);
  found->share_of_step = found->difference_ns / Mean(means);
  return found;
}

ExperimentConfig PilotOf(const ExperimentConfig& config) {
  ExperimentConfig pilot = config;
  pilot.design.reps = kPilotReps;
  pilot.design.processes = std::min(pilot.design.processes, kPilotReps);
  pilot.design.memory_reps = 0;
  pilot.design.stop = {};
  pilot.accuracy = {};
  // Its places can be read only once; they are for the run itself.
  pilot.page_cache.reference.clear();
  for (VariantConfig& variant : pilot.variants) variant.page_cache.reference.clear();
  const auto shorten = [](WorkloadSection& workload) {
    workload.decode_tokens = std::min(workload.decode_tokens, kPilotSteps);
  };
  shorten(pilot.workload);
  for (VariantConfig& variant : pilot.variants) shorten(variant.workload);
  pilot.resolved_yaml = ResolvedYaml(pilot);
  return pilot;
}

}  // namespace plelab
