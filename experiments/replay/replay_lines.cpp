#include "experiments/replay/replay_lines.h"

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "experiments/replay/measure/host.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"

namespace plelab {
namespace {

using Line = nlohmann::ordered_json;

constexpr const char* kReplaySchema = "1";

// JSON has no NaN.
Line NumberOrNull(double value) { return std::isfinite(value) ? Line(value) : Line(nullptr); }

void AddInterval(Line& line, const std::string& name, const std::string& unit, const Interval& interval) {
  line[name + unit] = NumberOrNull(interval.value);
  line[name + "_low" + unit] = NumberOrNull(interval.low);
  line[name + "_high" + unit] = NumberOrNull(interval.high);
}

// Names of files may hold bytes that are not UTF-8.
std::string Dumped(const Line& line) { return line.dump(-1, ' ', false, Line::error_handler_t::replace); }

}  // namespace

void ReplayLines::AddMeta(const std::string& key, const std::string& value) {
  meta_.emplace_back(key, value);
}

void ReplayLines::Add(const RowCost& cost, int64_t row_bytes) {
  const bool measured = cost.skipped.empty();
  const auto number = [&](double value) { return measured ? NumberOrNull(value) : Line(nullptr); };
  lines_.push_back(Dumped({{"kind", "row_costs"},
                           {"backend", cost.backend},
                           {"state", cost.state},
                           {"depth", cost.depth},
                           {"row_bytes", row_bytes},
                           {"samples", cost.samples},
                           {"p50_ns", number(cost.p50_ns)},
                           {"p99_ns", number(cost.p99_ns)},
                           {"mean_ns", number(cost.mean_ns)},
                           {"rows_per_s", number(cost.rows_per_s)},
                           {"skipped", cost.skipped}}));
}

void ReplayLines::Add(const CacheHits& hits) {
  lines_.push_back(Dumped({{"kind", "cache_hits"},
                           {"policy", hits.policy},
                           {"cache_bytes", hits.cache_bytes},
                           {"rows", hits.rows},
                           {"lookups", hits.lookups},
                           {"hit_rate", NumberOrNull(hits.hit_rate)}}));
}

void ReplayLines::Add(const ReplayContrast& c, double step_ms) {
  Line line = {{"kind", "comparisons"},  {"step_ms", step_ms},           {"variant", c.variant},
               {"baseline", c.baseline}, {"control", c.control ? 1 : 0}, {"reps", c.reps},
               {"steps", c.steps}};
  line["mean_ns"] = NumberOrNull(c.mean_ns);
  line["p50_ns"] = NumberOrNull(c.p50_ns);
  AddInterval(line, "p99", "_ns", c.p99_ns);
  AddInterval(line, "difference", "_ns", c.difference_ns);
  AddInterval(line, "median_difference", "_ns", c.median_difference_ns);
  AddInterval(line, "p99_difference", "_ns", c.p99_difference_ns);
  line["margin"] = c.margin;
  line["verdict"] = std::isnan(c.difference_ns.value) ? "" : std::string(Name(c.verdict));
  line["wait_ns"] = NumberOrNull(c.wait_ns);
  line["hidden_ns"] = NumberOrNull(c.hidden_ns);
  line["lookups"] = NumberOrNull(c.lookups);
  line["hits"] = NumberOrNull(c.hits);
  line["read_calls"] = NumberOrNull(c.read_calls);
  line["asked_bytes"] = NumberOrNull(c.bytes_asked);
  line["moved_bytes"] = NumberOrNull(c.bytes_moved);
  lines_.push_back(Dumped(line));
}

void ReplayLines::Add(const ReplayStepRow& row, double step_ms) {
  lines_.push_back(Dumped({{"kind", "steps"},
                           {"step_ms", step_ms},
                           {"variant", row.variant},
                           {"predecessor", row.predecessor},
                           {"rep", row.rep},
                           {"step", row.step},
                           {"token_id", row.token_id},
                           {"begin_ns", row.begin_ns},
                           {"step_ns", row.step_ns},
                           {"wait_ns", row.wait_ns},
                           {"hidden_ns", row.hidden_ns},
                           {"read_ns", row.read_ns},
                           {"lookups", row.lookups},
                           {"hits", row.hits},
                           {"read_calls", row.read_calls},
                           {"asked_bytes", row.bytes_asked},
                           {"moved_bytes", row.bytes_moved}}));
}

std::string ReplayLines::Text() const {
  Line first = {{"kind", "meta"}, {"replay_schema", kReplaySchema}};
  for (const auto& [key, value] : meta_) first[key] = value;
  std::string text = Dumped(first) + "\n";
  for (const std::string& line : lines_) text += line + "\n";
  return text;
}

void AddReplayMeta(ReplayLines& lines, const ReplayOptions& options, const ReplayTable& table) {
  for (const auto& [key, value] : DescribeHost(table.table.path)) lines.AddMeta(key, value);
  lines.AddMeta("weights", "none");
  lines.AddMeta("rows", table.random_bytes ? "random bytes" : "of a file");
  lines.AddMeta("table", table.Describe());
  lines.AddMeta("geometry", table.geometry.name);
  lines.AddMeta("geometry_source", std::string(table.geometry.source));
  lines.AddMeta("geometry_assumed", std::string(table.geometry.assumed));
  lines.AddMeta("table_bytes", std::to_string(table.table.stored_bytes()));
  lines.AddMeta("row_bytes", std::to_string(table.table.row_bytes()));
  lines.AddMeta("rows_per_token", std::to_string(table.geometry.rows_per_token()));
  lines.AddMeta("model_layers", std::to_string(table.geometry.model_layers));
  lines.AddMeta("trace", options.trace);
  lines.AddMeta("seed", std::to_string(options.seed));
  lines.AddMeta("cold", ColdOf(options));
  lines.AddMeta("device", options.device.empty() ? "this machine's storage" : options.device);
}

void CheckReplayOutput(const std::string& path, bool force) {
  if (path.empty()) return;
  RefuseSpecialOutput(path);
  if (std::filesystem::exists(path) && !force) {
    throw UserError("--out {}: the file exists; expected a new name, or --force to replace it", path);
  }
}

}  // namespace plelab
