#include "experiments/commands/law_questions.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "experiments/replay/tables/step_rows.h"
#include "model/base/error.h"
#include "model/ple/capacity.h"
#include "model/ple/policies/cache_policies.h"
#include "model/ple/replay/token_ids.h"

namespace plelab {
namespace {

// Ids of the text that only warm the cache, and those whose steps are counted.
constexpr int64_t kMostWarmIds = 16'384, kMostCounted = 8'192;

const CachePolicyRow& PolicyNamed(const std::string& name) {
  std::vector<std::string_view> names;
  for (const CachePolicyRow& row : CachePolicies()) {
    if (row.name == name && !row.learns) return row;
    if (!row.learns) names.push_back(row.name);
  }
  throw UserError("--policy: unknown policy '{}'; known here: {}", name, Join(names, ", "));
}

int64_t CapacityRows(const LawArguments& arguments, const ReplayGeometry& geometry) {
  const Capacity capacity = ParseCapacity("--cache", arguments.cache);
  return capacity.Resolve(geometry.bytes()) / geometry.table.row_bytes();
}

StepReads ReadsOf(const LawArguments& arguments, const ReplayGeometry& geometry,
                  std::span<const int64_t> text) {
  if (text.empty()) {
    std::vector<int32_t> rows;
    for (const RowGroup& group : geometry.groups) rows.push_back(static_cast<int32_t>(group.rows_per_token));
    return AlwaysMissing(rows);
  }
  const int64_t warmup = std::min(std::ssize(text) / 2, kMostWarmIds);
  const int64_t steps = warmup + std::min(std::ssize(text) - warmup, kMostCounted);
  const int64_t capacity = CapacityRows(arguments, geometry);
  const auto cache = PolicyNamed(arguments.policy).make(capacity, {});
  return CountStepReads([&](int64_t step) { return RowsOfStep(geometry, geometry.table.vocab, text, step); },
                        steps, warmup, *cache);
}

// A row with a slice for each layer is needed at the end of the first one: its reads are one run of bytes.
std::vector<double> WindowsMs(const ReplayGeometry& geometry, double step_ms) {
  std::vector<double> windows;
  for (const RowGroup& group : geometry.groups) {
    const auto layers = static_cast<double>(group.needed_after_layer + 1);
    windows.push_back(step_ms * layers / static_cast<double>(geometry.model_layers));
  }
  return windows;
}

// A token of a table of ids reads one row: with several rows so many users decode side by side.
double TokensPerStep(const ReplayGeometry& geometry) {
  return geometry.rows_of == RowsOf::kTokenId ? static_cast<double>(geometry.rows_per_token()) : 1.0;
}

LawCase AskOne(const LawArguments& arguments, const LawConstants& constants, LawCase asked,
               const StepReads& reads) {
  PlacementQuestion question{.steps = {.device = asked.device,
                                       .read_bytes = asked.geometry.table.row_bytes(),
                                       .queue_depth = arguments.queue_depth,
                                       .step_ms = asked.step_ms,
                                       .pause_ms = arguments.pause_ms,
                                       .window_ms = WindowsMs(asked.geometry, asked.step_ms),
                                       .reads = reads},
                             .tokens_per_step = TokensPerStep(asked.geometry),
                             .seed = static_cast<uint64_t>(arguments.seed)};
  asked.prediction = Predict(question, constants);
  return asked;
}

}  // namespace

void CheckLawArguments(const LawArguments& arguments) {
  for (const double ms : arguments.step_ms) {
    if (!(ms > 0 && ms <= 1e6)) throw UserError("--step-ms {}: expected a time above 0 ms", ms);
  }
  if (!(arguments.pause_ms >= 0 && arguments.pause_ms <= 1e6)) {
    throw UserError("--pause-ms {}: expected a time from 0 ms on", arguments.pause_ms);
  }
  if (arguments.queue_depth < 1 || arguments.queue_depth > 4096) {
    throw UserError("--queue-depth {}: expected 1 to 4096 reads", arguments.queue_depth);
  }
  PolicyNamed(arguments.policy);
  if (arguments.trace.empty() && CapacityRows(arguments, GeometryNamed(arguments.geometry)) > 0) {
    throw UserError("--cache {}: which rows it holds depends on the text; expected --trace FILE beside it",
                    arguments.cache);
  }
}

std::vector<LawCase> AskLaw(const LawArguments& arguments, const LawConstants& constants) {
  CheckLawArguments(arguments);
  const ReplayGeometry& published = GeometryNamed(arguments.geometry);
  std::vector<int64_t> text;
  if (!arguments.trace.empty()) text = ReadTokenIds(arguments.trace, kAnyVocabulary);
  std::vector<ReplayGeometry> geometries;
  std::vector<StepReads> reads;
  for (const int64_t rows : arguments.rows_per_token) geometries.push_back(WithRowsPerToken(published, rows));
  if (geometries.empty()) geometries.push_back(published);
  for (const ReplayGeometry& geometry : geometries) reads.push_back(ReadsOf(arguments, geometry, text));
  std::vector<LawCase> cases;
  for (const std::string& device : arguments.devices) {
    const DeviceProfile profile = DeviceProfileNamed(device);
    for (const double step_ms : arguments.step_ms) {
      for (size_t i = 0; i < geometries.size(); ++i) {
        cases.push_back(AskOne(arguments, constants, {profile, geometries[i], step_ms, {}}, reads[i]));
      }
    }
  }
  return cases;
}

}  // namespace plelab
