// What are those parameters? 5 B in the file, 1.91 B advertised: counts them exactly, without loading a
// model.
#include <algorithm>
#include <filesystem>
#include <map>

#include "experiments/questions/experiment.h"
#include "harness/run/run_identity.h"
#include "harness/run/run_output.h"
#include "harness/support/units.h"
#include "model/base/format.h"
#include "model/catalog/parameter_count.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

// Counts a folder as it is, and a shape in the published layout, in bfloat16.
ParameterCount Count(const std::string& shape) {
  if (fs::is_directory(shape)) return CountCheckpoint(Checkpoint::Open(shape));
  return CountPublished(ConfigOfShape(shape), DType::kBFloat16);
}

// Adds the disjoint groups, whose sum is the total.
void AddRows(Curve& curve, const std::string& series, const GroupSums& sums) {
  const auto add = [&](const char* label, int64_t value) {
    CurveRow row;
    row.series = series;
    row.label = label;
    row.x = static_cast<double>(curve.rows.size());
    row.y = static_cast<double>(value);
    curve.rows.push_back(row);
  };
  add("text_stack", sums[ParameterGroup::kTextStack]);
  add("unused_kv", sums[ParameterGroup::kUnusedKv]);
  add("token_embedding", sums[ParameterGroup::kTokenEmbedding]);
  add("ple_table", sums[ParameterGroup::kPleTable]);
  add("vision", sums.vision());
  add("audio", sums.audio());
  if (const int64_t head = sums[ParameterGroup::kOwnHead]; head > 0) add("lm_head", head);
}

RunResult CountParameters(const ExperimentConfig& config, const RunOptions& options) {
  const RunOutput output(config, options);
  RunResult result;
  result.path = output.path();
  Curve parameters{"parameter_groups", "", "parameters", {}}, bytes{"parameter_bytes", "", "bytes", {}};
  for (const auto& shape : config.shapes) {
    const ParameterCount count = Count(shape);
    AddRows(parameters, shape, count.parameters);
    AddRows(bytes, shape, count.bytes);
  }
  result.record.curves = {parameters, bytes};
  result.record.meta = DescribeExperiment(config, options, ".");
  result.record.meta.emplace_back("weights", "none");
  output.Write(result.record);
  return result;
}

std::string ParameterGroupsEstimate(const ExperimentConfig& config) {
  return Format("{}: counts {} shapes; seconds, and no memory or disk to speak of\n", config.name,
                config.shapes.size());
}

std::string ParameterGroupsSummary(const ExperimentConfig& config, const RunResult&) {
  std::vector<std::string> names;  // of all columns
  std::vector<std::map<std::string, int64_t>> columns;
  std::string text = Format("{:<18}", "parameters");
  for (const auto& shape : config.shapes) {
    columns.emplace_back();
    for (const auto& [name, sum] : NamedSums(Count(shape).parameters)) {
      columns.back()[name] = sum;
      if (std::ranges::find(names, name) == names.end()) names.push_back(name);
    }
    text += Format(" {:>15}", fs::path(shape).filename().string());
  }
  for (const std::string& name : names) {
    text += Format("\n{:<18}", name);
    for (auto& column : columns) text += Format(" {:>15}", WithCommas(column[name]));
  }
  return text + "\n";
}

}  // namespace

Experiment ParameterGroups() { return {CountParameters, ParameterGroupsEstimate, ParameterGroupsSummary}; }

}  // namespace plelab
