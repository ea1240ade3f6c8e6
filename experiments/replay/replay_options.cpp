#include "experiments/replay/replay_options.h"

#include <algorithm>
#include <cmath>

#include "harness/statistics/student.h"
#include "harness/statistics/tail.h"
#include "model/base/error.h"

namespace plelab {
namespace {

void CheckOneTable(const ReplayOptions& o) {
  const int given = (o.quick ? 1 : 0) + (o.table.empty() ? 0 : 1) + (o.geometry.empty() ? 0 : 1);
  if (given == 0) {
    throw UserError(
        "plelab-replay: expected --quick, --table FILE or --geometry NAME, found none of them; --help "
        "says what each does");
  }
  // A raw file needs both: the geometry says what its rows are.
  if (o.quick && given > 1) {
    throw UserError(
        "plelab-replay: --quick brings a table of its own; expected it without --table and --geometry");
  }
}

void CheckMeasured(const ReplayOptions& o) {
  if (o.quick) return;
  if (o.trace.empty()) {
    throw UserError("--trace: expected a file of token ids, found none; configs/traces/ has one");
  }
  if (!(o.step_ms >= kLeastStepMs && o.step_ms <= kMostStepMs)) {
    throw UserError("--step-ms {}: expected {} to {} ms, the time of a step without PLE", o.step_ms,
                    kLeastStepMs, kMostStepMs);
  }
}

void CheckRange(std::string_view option, int64_t value, int64_t least, int64_t most) {
  if (value >= least && value <= most) return;
  throw UserError("{} {}: expected {} to {}", option, value, least, most);
}

}  // namespace

void CheckReplayOptions(const ReplayOptions& o) {
  CheckOneTable(o);
  CheckMeasured(o);
  CheckRange("--threads", o.threads, 0, 1024);
  CheckRange("--reps", o.reps, kLeastReps, 1000);
  CheckRange("--steps", o.steps, 0, 1'000'000);
  CheckRange("--rows-per-token", o.rows_per_token, 0, 4096);
  CheckRange("--table-offset", o.table_offset, 0, int64_t{1} << 60);
  CheckRange("--layers", o.layers, 0, 4096);
  ParseColdAt(o);
  if (o.baseline != "auto" && o.baseline != "resident" && o.baseline != "none") {
    throw UserError("--baseline '{}': expected auto, resident or none", o.baseline);
  }
  if (!(o.margin_percent > 0 && o.margin_percent < 100)) {
    throw UserError("--margin {}: expected a share of a step in percent, above 0 and below 100",
                    o.margin_percent);
  }
}

std::string ColdOf(const ReplayOptions& o) {
  if (!o.cold.empty()) return o.cold;
  return o.device.empty() ? "step" : "never";
}

ColdAt ParseColdAt(const ReplayOptions& o) {
  const std::string word = ColdOf(o);
  if (word == "step") return ColdAt::kStep;
  if (word == "repetition") return ColdAt::kRepetition;
  if (word == "never") return ColdAt::kNever;
  throw UserError("--cold '{}': expected step, repetition or never", word);
}

int64_t StepsOf(const ReplayOptions& o) {
  if (o.steps > 0) return o.steps;
  const int64_t for_p99 = (kStepsForP99 + o.reps - 1) / o.reps;
  const auto in_a_minute = static_cast<int64_t>(60e3 / (3 * o.step_ms * static_cast<double>(o.reps)));
  return std::clamp<int64_t>(in_a_minute, 32, for_p99);
}

}  // namespace plelab
