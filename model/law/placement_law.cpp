#include "model/law/placement_law.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "model/base/file_descriptor.h"
#include "model/devices/flat_yaml.h"

namespace plelab {
namespace {

constexpr std::string_view kKeys[] = {"step_us",          "row_us",          "collect_us", "kib_us",
                                      "mean_error_units", "p99_error_units", "fitted_to"};
// The larger of these is what an error is counted in.
constexpr double kShareOfDelta = 0.10, kShareOfStep = 0.005;
// Left out at the begin, where the device has done nothing yet.
constexpr int64_t kStartShare = 20;

double CostUs(const WaitingSteps& steps, const LawConstants& constants) {
  return constants.step_us + constants.row_us * steps.reads.rows_per_step;
}

PredictedValue WithInterval(double delta_ms, double step_ms, double error_units) {
  const double error_ms = error_units * std::max(kShareOfDelta * std::abs(delta_ms), kShareOfStep * step_ms);
  return {delta_ms, delta_ms - error_ms, delta_ms + error_ms};
}

double MeanReads(const StepReads& reads) {
  double sum = 0;
  for (const auto& groups : reads.reads) sum += std::accumulate(groups.begin(), groups.end(), 0.0);
  return sum / static_cast<double>(reads.reads.size());
}

double Mean(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

// The smallest value that 99 % of them do not exceed.
double P99(std::vector<double> values) {
  const auto rank = static_cast<size_t>(std::ceil(0.99 * static_cast<double>(values.size()))) - 1;
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(rank));
  return values[rank];
}

}  // namespace

LawConstants ReadLawConstants(const std::string& path) {
  const FileDescriptor file(path, ReadAhead::kOn);
  std::string text(static_cast<size_t>(std::min<int64_t>(file.size_bytes(), 1 << 16)), '\0');
  file.Read(0, std::as_writable_bytes(std::span(text)));
  const FlatYaml yaml(text, path, kKeys);
  // A constant may be 0: fitted constants are never below.
  return {.step_us = yaml.NotNegative("step_us"),
          .row_us = yaml.NotNegative("row_us"),
          .collect_us = yaml.NotNegative("collect_us"),
          .kib_us = yaml.NotNegative("kib_us"),
          .mean_error_units = yaml.Positive("mean_error_units"),
          .p99_error_units = yaml.Positive("p99_error_units"),
          .fitted_to = yaml.Text("fitted_to")};
}

PlacementPrediction Predict(const PlacementQuestion& question, const LawConstants& constants) {
  WaitingSteps steps = question.steps;
  steps.collect_us = constants.collect_us + constants.kib_us * static_cast<double>(steps.read_bytes) / 1024;
  std::vector<double> waits_us = ExposedWaitsUs(steps, question.simulated_steps, question.seed);
  waits_us.erase(waits_us.begin(), waits_us.begin() + std::ssize(waits_us) / kStartShare);
  const double cost_us = CostUs(steps, constants);
  PlacementPrediction prediction;
  prediction.delta_ms =
      WithInterval((Mean(waits_us) + cost_us) / 1e3, steps.step_ms, constants.mean_error_units);
  prediction.p99_delta_ms =
      WithInterval((P99(waits_us) + cost_us) / 1e3, steps.step_ms, constants.p99_error_units);
  const auto per_s = [&](double delta_ms) {
    return question.tokens_per_step * 1e3 / (steps.step_ms + delta_ms);
  };
  const PredictedValue& delta = prediction.delta_ms;
  prediction.tokens_per_s = {per_s(delta.value), per_s(delta.high), per_s(delta.low)};
  const auto waiting = std::ranges::count_if(waits_us, [](double us) { return us > 0; });
  prediction.waiting_steps = static_cast<double>(waiting) / static_cast<double>(waits_us.size());
  prediction.hit_rate = steps.reads.hit_rate;
  prediction.reads_per_step = MeanReads(steps.reads);
  return prediction;
}

}  // namespace plelab
