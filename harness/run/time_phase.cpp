#include "harness/run/time_phase.h"

#include <algorithm>
#include <map>

#include "harness/measure/comparison.h"
#include "harness/measure/repetition.h"
#include "harness/plan/run_order.h"
#include "harness/run/child.h"
#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/progress.h"
#include "model/base/format.h"

namespace plelab {
namespace {

struct KeptSource {
  std::shared_ptr<PleSource> source;
  int64_t make_ns = 0;
};
// What takes turns in a repetition: the variants that have not failed and the baseline's twin.
std::vector<int64_t> InTurn(PhaseContext& context, const VariantGroup& group) {
  std::vector<int64_t> variants = LiveVariants(context, group);
  if (group.control < 0 || context.parts.HasFailed(group.control)) return variants;
  if (context.parts.HasFailed(group.baseline)) {
    context.parts.Fail(group.control,
                       Format("it is the twin of '{}', which failed", context.name(group.baseline)));
    return variants;
  }
  variants.push_back(group.control);
  return variants;
}

// The sources by variant.  One that keeps no state serves all repetitions; a cache is made anew for each.
using KeptSources = std::map<int64_t, KeptSource>;

KeptSource MakeSource(PhaseContext& context, int64_t v) {
  const VariantPlan& variant = context.plan.variants[v];
  const std::vector<int64_t>& warm_ids = context.plan.WorkOf(v).warm_ids;
  const Timer timer;
  std::shared_ptr<PleSource> source = context.make_source(variant.config, variant.table, warm_ids);
  return {std::move(source), timer.ns()};
}

// A twin shares the source of its baseline, unless that keeps a state.
const KeptSource& SourceFor(PhaseContext& context, const VariantGroup& group, int64_t v, KeptSources& kept) {
  if (v == group.control && kept.count(group.baseline) && !kept[group.baseline].source->keeps_state()) {
    return kept[group.baseline];
  }
  if (!kept.count(v) || kept[v].source->keeps_state()) {
    kept.erase(v);  // frees its memory before the next one is made
    kept[v] = MakeSource(context, v);
  }
  return kept[v];
}

std::vector<Contestant> MakeContestants(PhaseContext& context, LoadedModel& loaded, const VariantGroup& group,
                                        KeptSources& kept) {
  std::vector<Contestant> contestants;
  for (int64_t v : InTurn(context, group)) {
    try {
      const KeptSource& made = SourceFor(context, group, v, kept);
      contestants.push_back(MakeContestant(context.plan, v, loaded, made.source, made.make_ns));
    } catch (const std::exception& error) {
      context.parts.Fail(v, MessageOf(error));
      kept.erase(v);
    }
  }
  return contestants;
}

void KeepResults(PhaseContext& context, std::vector<Contestant>& contestants, int64_t rep) {
  for (auto& c : contestants) {
    if (!c.error.empty()) {
      context.parts.Fail(c.variant, c.error);
      continue;
    }
    context.parts.Put({Phase::kTime, c.variant, rep}, TakePart(c));
  }
}

bool HasRepetition(PhaseContext& context, const VariantGroup& group, int64_t rep) {
  const auto live = InTurn(context, group);
  return std::all_of(live.begin(), live.end(), [&](int64_t v) {
    return context.parts.Has({Phase::kTime, v, rep});
  });
}

// Marks as failed every exact variant whose output in repetition `rep` differs from the baseline's in
// repetition 0, and drops its times.
void CheckOutputs(PhaseContext& context, const VariantGroup& group, int64_t rep) {
  const int64_t baseline = LiveBaseline(context, group);
  if (baseline < 0 || !context.parts.Has({Phase::kTime, baseline, 0})) return;
  const std::string expected = context.parts.Get({Phase::kTime, baseline, 0}).reps.at(0).output_sha256;
  for (int64_t v : InTurn(context, group)) {
    const PartKey key{Phase::kTime, v, rep};
    if (!context.plan.variants[v].exact || !context.parts.Has(key)) continue;
    if (context.parts.Get(key).reps.at(0).output_sha256 == expected) continue;
    context.parts.Drop(key);
    context.parts.Fail(v,
                       Format("repetition {}: its logits differ from those of '{}' in repetition 0, which it "
                              "must equal bit for bit; its times are not kept",
                              rep, context.name(baseline)));
  }
}

void RunStepwiseRepetition(PhaseContext& context, const VariantGroup& group, LoadedModel& loaded,
                           KeptSources& kept, int64_t rep) {
  auto contestants = MakeContestants(context, loaded, group, kept);
  if (contestants.empty()) return;
  const Workload& work = group.work.value();
  Progress bar(Format("time, repetition {}, {} variants", rep + 1, contestants.size()), work.steps());
  RepetitionSetup setup{rep, context.plan.config.design, group.model.threads, context.timeline,
                        [&](int64_t step) { bar.Update(step); }};
  MeasureRepetition(contestants, work, setup);
  bar.Finish();
  KeepResults(context, contestants, rep);
}

void RunStepwise(PhaseContext& context, const VariantGroup& group) {
  KeptSources kept;
  for (int64_t rep = 0; !EnoughRepetitions(context, group, rep); ++rep) {
    if (HasRepetition(context, group, rep)) continue;
    RunStepwiseRepetition(context, group, context.Load(group), kept, rep);
    CheckOutputs(context, group, rep);
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

}  // namespace

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
  for (const auto& group : context.plan.groups) {
    if (context.plan.config.design.isolate == Isolate::kStep) {
      RunStepwise(context, group);
    } else {
      RunInProcesses(context, group);
    }
  }
}

}  // namespace plelab
