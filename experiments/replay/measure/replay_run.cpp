#include "experiments/replay/measure/replay_run.h"

#include <array>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>

#include "experiments/replay/measure/replayed_step.h"
#include "experiments/replay/measure/turns.h"
#include "harness/storage/kernel_reads.h"
#include "harness/storage/page_cache.h"
#include "harness/support/timer.h"
#include "model/base/error.h"

namespace plelab {
namespace {

// Ids that warm a cache are those before the excerpt, at most so many.
constexpr int64_t kMostWarmIds = 16'384;

class ReplayRun {
 public:
  ReplayRun(const ReplayPlan& plan, StandIn& stand_in) : plan_(plan), stand_in_(stand_in) {
    result_.baseline_name = plan.resident ? "resident" : "no_rows";
    result_.twin_name = result_.baseline_name + "@control";
    result_.variant_name = DescribePleOptions(plan.ple).front().second;
    if (result_.variant_name == result_.baseline_name) result_.variant_name += "_again";
    result_.rows_checked = IsExact(plan.ple) && (plan.resident || plan.expected);
  }

  ReplayResult Take() {
    result_.calibrated_ms = stand_in_.Calibrate(plan_.step_ms * 1e6) / 1e6;
    result_.layer_bytes = stand_in_.bytes_per_layer();
    for (int64_t rep = 0; rep < plan_.reps; ++rep) TakeRepetition(rep);
    result_.fast_bytes = variant_->fast_bytes();
    result_.helper_threads = variant_->threads();
    return std::move(result_);
  }

 private:
  int64_t steps_each() const { return plan_.warmup_steps + plan_.steps; }

  void TakeRepetition(int64_t rep) {
    const int64_t start = ExcerptStart(std::ssize(plan_.text), plan_.reps, steps_each(), rep);
    MakeVariant(start);
    if (plan_.cold != ColdAt::kNever) Evict();
    variant_->StartSequence();
    const Timer timer;
    for (int64_t i = 0; i < steps_each(); ++i) {
      if (IsLate(timer.seconds(), i - plan_.warmup_steps)) break;
      const StepRows rows = RowsOfStep(plan_.geometry, plan_.published_rows, plan_.text, start + i);
      std::optional<uint64_t> checksum;
      if (plan_.expected) checksum = plan_.expected(rows);
      for (const Turn3 who : kRounds[(i + rep) % kRounds.size()]) {
        TakeTurn(who, rows, {.rep = rep, .step = i - plan_.warmup_steps, .token_id = plan_.text[start + i]},
                 checksum);
      }
      if (plan_.progress) plan_.progress(rep * steps_each() + i + 1, plan_.reps * steps_each());
    }
  }

  bool IsLate(double seconds, int64_t steps) const {
    const bool whole_sets = steps > 0 && steps % std::ssize(kRounds) == 0;
    return plan_.most_seconds > 0 && whole_sets &&
           seconds > plan_.most_seconds / static_cast<double>(plan_.reps);
  }

  void MakeVariant(int64_t start) {
    if (variant_ && !variant_->keeps_state()) return;
    const int64_t first = std::max<int64_t>(start - kMostWarmIds, 0);
    std::vector<int64_t> warm_ids;
    for (int64_t i = first; i < start; ++i) {
      for (const auto& group : RowsOfStep(plan_.geometry, plan_.published_rows, plan_.text, i)) {
        warm_ids.insert(warm_ids.end(), group.begin(), group.end());
      }
    }
    PleSourceContext context = plan_.context;
    context.warm_ids = warm_ids;
    variant_ = MakePleSource(plan_.ple, plan_.table, context);
  }

  PleSource* SourceOf(Turn3 who) { return who == Turn3::kVariant ? variant_.get() : plan_.resident; }
  const std::string& NameOf(Turn3 who) const {
    return who == Turn3::kVariant ? result_.variant_name
           : who == Turn3::kTwin  ? result_.twin_name
                                  : result_.baseline_name;
  }

  void Evict() {
    variant_->ReleasePages();
    EvictFromPageCache({plan_.table.path, plan_.table.offset_bytes, plan_.table.stored_bytes()});
  }

  // Everything but ReplayStep is outside of the timed region, and the same for all participants.
  void TakeTurn(Turn3 who, const StepRows& rows, ReplayStepRow row, std::optional<uint64_t>& checksum) {
    PleSource* source = SourceOf(who);
    if (plan_.cold == ColdAt::kStep) Evict();
    std::this_thread::sleep_for(std::chrono::microseconds(plan_.settle_us));
    const PleStats before = source ? source->stats() : PleStats();
    const KernelReads moved;
    stand_in_.WakeUp();
    row.begin_ns = NowNs();
    const StepOutcome outcome = ReplayStep(stand_in_, plan_.geometry, rows, source);
    row.bytes_moved = moved.bytes();
    row.variant = NameOf(who);
    row.predecessor = std::exchange(predecessor_, row.variant);
    row.step_ns = outcome.step_ns;
    if (source) AddStats(row, source->stats() - before);
    if (source && result_.rows_checked) Check(row, outcome.checksum, checksum);
    if (row.step >= 0) result_.steps.push_back(std::move(row));
  }

  static void AddStats(ReplayStepRow& row, const PleStats& step) {
    row.wait_ns = step.wait_ns;
    row.hidden_ns = step.hidden_ns;
    row.read_ns = step.read_ns;
    row.lookups = step.lookups;
    row.hits = step.hits;
    row.read_calls = step.read_calls;
    row.bytes_asked = step.bytes_asked;
  }

  // All of a position have the same rows, so that whoever comes first can be what the others are held to.
  static void Check(const ReplayStepRow& row, uint64_t found, std::optional<uint64_t>& expected) {
    if (!expected) expected = found;
    if (*expected == found) return;
    throw RunError("{}: repetition {}, step {}, token {}: the rows read are not those of the table",
                   row.variant, row.rep, row.step, row.token_id);
  }

  const ReplayPlan& plan_;
  StandIn& stand_in_;
  ReplayResult result_;
  std::unique_ptr<PleSource> variant_;
  std::string predecessor_;
};

}  // namespace

int64_t ExcerptStart(int64_t text_ids, int64_t reps, int64_t steps_each, int64_t rep) {
  if (text_ids / reps >= steps_each) return text_ids / reps * rep;
  throw UserError(
      "--trace: {} repetitions of {} steps (warm-up included) need {} ids, found {}; lower --steps", reps,
      steps_each, reps * steps_each, text_ids);
}

ReplayResult RunReplay(const ReplayPlan& plan, StandIn& stand_in) {
  if (ReadsFoldedTable(plan.ple)) {
    throw UserError("--ple: 'folded' needs a model that computes its inputs; plelab run has one");
  }
  return ReplayRun(plan, stand_in).Take();
}

}  // namespace plelab
