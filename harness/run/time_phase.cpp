#include "harness/run/time_phase.h"

#include <algorithm>

#include "harness/comparison/comparison.h"
#include "harness/plan/run_order.h"
#include "harness/run/child.h"
#include "harness/run/side_by_side.h"
#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/progress.h"
#include "model/base/format.h"

namespace plelab {
namespace {

// Marks as failed every exact variant whose output in repetition `rep` differs from the baseline's, and drops
// its times.  Variants that take turns are compared at every step instead.
void CheckOutputs(PhaseContext& context, const VariantGroup& group, int64_t rep) {
  const int64_t baseline = LiveBaseline(context, group);
  if (baseline < 0 || !context.parts.Has({Phase::kTime, baseline, rep})) return;
  const std::string expected = context.parts.Get({Phase::kTime, baseline, rep}).reps.at(0).output_sha256;
  for (int64_t v : LiveVariants(context, group)) {
    const PartKey key{Phase::kTime, v, rep};
    if (!context.plan.variants[v].exact || !context.parts.Has(key)) continue;
    if (context.parts.Get(key).reps.at(0).output_sha256 == expected) continue;
    context.parts.Drop(key);
    context.parts.Fail(
        v, Format("repetition {}: its logits differ from those of '{}', which it must equal bit for "
                  "bit; its times are not kept",
                  rep, context.name(baseline)));
  }
}

void RunInProcesses(PhaseContext& context, const VariantGroup& group) {
  for (int64_t rep = 0; !EnoughRepetitions(context, group, rep); ++rep) {
    if (HasRepetition(context, group, rep)) continue;
    const auto live = LiveVariants(context, group);
    const auto n = static_cast<int64_t>(live.size());
    Progress bar(Format("time, repetition {}, a process per variant", rep + 1), n);
    int64_t done = 0;
    for (int64_t i : ShuffledOrder(n, context.plan.config.design.seed, rep)) {
      ThrowIfInterrupted();
      RunChild(context, {Phase::kTime, live[i], rep});
      bar.Update(++done, context.name(live[i]));
    }
    bar.Finish();
    CheckOutputs(context, group, rep);
  }
}

// The repetitions from `rep` on that a process of their own measures.
Block BlockFrom(const DesignSection& design, int64_t rep) {
  Block block{ProcessOf(design, rep), rep, rep};
  while (block.end < MostReps(design) && ProcessOf(design, block.end) == block.process) ++block.end;
  return block;
}

bool IsComplete(PhaseContext& context, const VariantGroup& group, const Block& block) {
  for (int64_t rep = block.first; rep < block.end; ++rep) {
    if (!HasRepetition(context, group, rep)) return false;
  }
  return true;
}

// The groups take turns process by process, so that a slow hour of the machine meets all of them.
void RunGroupsInProcesses(PhaseContext& context) {
  const auto groups = std::ssize(context.plan.groups);
  std::vector<int64_t> done(groups, 0);
  for (bool more = true; more;) {
    more = false;
    for (int64_t g = 0; g < groups; ++g) {
      const VariantGroup& group = context.plan.groups[g];
      if (EnoughRepetitions(context, group, done[g])) continue;
      const Block block = BlockFrom(context.plan.config.design, done[g]);
      if (!IsComplete(context, group, block)) RunBlockAsChild(context, g, block);
      done[g] = block.end;
      more = true;
    }
  }
}

// Group by group, because this process holds one set of weights at a time.
void RunGroupsHere(PhaseContext& context) {
  const int64_t reps = context.plan.config.design.reps;
  for (const VariantGroup& group : context.plan.groups) {
    for (int64_t rep = 0; !EnoughRepetitions(context, group, rep);) {
      const int64_t end = rep < reps ? reps : rep + 1;
      RunSideBySide(context, group, {0, rep, end});
      rep = end;
    }
  }
}

}  // namespace

int64_t ProcessOf(const DesignSection& design, int64_t rep) {
  const int64_t processes = std::min(design.processes, design.reps);
  if (rep < design.reps) return rep * processes / design.reps;
  const int64_t each = (design.reps + processes - 1) / processes;
  return processes + (rep - design.reps) / each;
}

bool EnoughRepetitions(const PhaseContext& context, const VariantGroup& group, int64_t reps_done) {
  const auto& design = context.plan.config.design;
  const auto live = LiveVariants(context, group);
  if (live.empty()) return true;
  if (reps_done < design.reps) return false;
  const int64_t baseline = LiveBaseline(context, group);
  if (design.stop.rel_half_width <= 0 || baseline < 0 || live.size() < 2) return true;
  if (reps_done >= design.stop.max_reps) return true;
  if (reps_done < kRepsBeforeStopping) return false;
  std::vector<StepRow> steps;
  for (int64_t v : live) {
    for (int64_t rep = 0; rep < reps_done; ++rep) {
      if (!context.parts.Has({Phase::kTime, v, rep})) continue;
      const auto& part = context.parts.Get({Phase::kTime, v, rep}).steps;
      steps.insert(steps.end(), part.begin(), part.end());
    }
  }
  const std::string reference = context.name(baseline);
  return std::all_of(live.begin(), live.end(), [&](int64_t v) {
    if (v == baseline) return true;
    // A width is NaN when there are too few repetitions to compute it; then it is not narrow enough.
    return RelativeHalfWidth(steps, context.name(v), reference) <= design.stop.rel_half_width;
  });
}

void RunTimePhase(PhaseContext& context) {
  const TimelineSpan span(context.timeline, "run", "time");
  for (const auto& group : context.plan.groups) SkipWhatCannotBeLimited(context, group);
  const DesignSection& design = context.plan.config.design;
  if (design.isolate == Isolate::kProcess) {
    for (const auto& group : context.plan.groups) RunInProcesses(context, group);
  } else if (std::min(design.processes, design.reps) > 1 && context.timeline == nullptr) {
    RunGroupsInProcesses(context);
  } else {
    RunGroupsHere(context);
  }
}

}  // namespace plelab
