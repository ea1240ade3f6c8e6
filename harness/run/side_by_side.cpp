#include "harness/run/side_by_side.h"

#include <algorithm>
#include <map>
#include <optional>

#include "harness/cold/cold_reads.h"
#include "harness/machine/page_cache_limit.h"
#include "harness/measure/repetition.h"
#include "harness/storage/storage.h"
#include "harness/support/message.h"
#include "harness/support/progress.h"
#include "model/base/format.h"

namespace plelab {
namespace {

struct KeptSource {
  std::shared_ptr<PleSource> source;
  int64_t make_ns = 0;
};
// The sources by variant.  One that keeps no state serves all repetitions; a cache is made anew for each.
using KeptSources = std::map<int64_t, KeptSource>;

KeptSource MakeSource(PhaseContext& context, int64_t v, int64_t rep) {
  const VariantPlan& variant = context.plan.variants[v];
  const std::vector<int64_t>& warm_ids = context.plan.WorkOf(v, rep).warm_ids;
  const Timer timer;
  std::shared_ptr<PleSource> source = context.make_source(variant.config, variant.table, warm_ids);
  return {std::move(source), timer.ns()};
}

// A twin shares the source of its baseline, unless that keeps a state.
const KeptSource& SourceFor(PhaseContext& context, const VariantGroup& group, int64_t v, int64_t rep,
                            KeptSources& kept) {
  if (v == group.control && kept.count(group.baseline) && !kept[group.baseline].source->keeps_state()) {
    return kept[group.baseline];
  }
  if (!kept.count(v) || kept[v].source->keeps_state()) {
    kept.erase(v);  // frees its memory before the next one is made
    kept[v] = MakeSource(context, v, rep);
  }
  return kept[v];
}

std::vector<Contestant> MakeContestants(PhaseContext& context, LoadedModel& loaded, const VariantGroup& group,
                                        int64_t rep, KeptSources& kept) {
  std::vector<Contestant> contestants;
  for (int64_t v : InTurn(context, group)) {
    try {
      const KeptSource& made = SourceFor(context, group, v, rep, kept);
      contestants.push_back(MakeContestant(context.plan, v, rep, loaded, made.source, made.make_ns));
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

void RunRepetition(PhaseContext& context, const VariantGroup& group, KeptSources& kept,
                   std::optional<PageCacheLimit>& limit, const Block& block, int64_t rep, bool is_first) {
  auto contestants = MakeContestants(context, context.Load(group), group, rep, kept);
  if (contestants.empty()) return;
  const Workload& work = group.works.at(rep);
  Progress bar(Format("time, repetition {}, {} variants", rep + 1, contestants.size()), work.steps());
  RepetitionSetup setup{rep,
                        block.process,
                        context.plan.config.design,
                        group.model.threads,
                        is_first,
                        context.timeline,
                        [&](int64_t step) {
                          bar.Update(step);
                          if (context.on_step) context.on_step(rep, step);
                        }};
  if (limit) setup.limit = &*limit;
  MeasureRepetition(contestants, work, setup);
  bar.Finish();
  KeepResults(context, contestants, rep);
}

// Pages that are being read cannot be evicted, and all that the kernel reads ahead is being read at once.  A
// process whose limit is smaller is killed.
std::string WhyItWouldBeKilled(const VariantPlan& variant) {
  const int64_t limit = variant.config.page_cache.limit.bytes;
  const double ahead = ReadsAhead(variant.config.ple) ? ReadAheadBytes(variant.table.path) : 0;
  if (!(ahead >= static_cast<double>(limit))) return "";
  return Format(
      "the disk's read-ahead of {} KiB does not fit into {} KiB, and the kernel would kill the process; "
      "set a higher limit, a smaller read-ahead (scripts/read_ahead.sh) or 'advice: random'",
      static_cast<int64_t>(ahead) / 1024, limit / 1024);
}

}  // namespace

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

bool HasRepetition(PhaseContext& context, const VariantGroup& group, int64_t rep) {
  return std::ranges::all_of(InTurn(context, group), [&](int64_t v) {
    return context.parts.Has({Phase::kTime, v, rep});
  });
}

void ForgetBrokenRepetitions(PhaseContext& context, const VariantGroup& group, const Block& block) {
  for (int64_t rep = block.first; rep < block.end; ++rep) {
    if (HasRepetition(context, group, rep)) continue;
    for (const int64_t v : InTurn(context, group)) context.parts.Forget({Phase::kTime, v, rep});
  }
}

void SkipWhatCannotBeLimited(PhaseContext& context, const VariantGroup& group) {
  if (group.page_cache.limit.bytes == 0) return;
  const std::string reason = PageCacheLimit::WhyNot();
  for (const int64_t v : InTurn(context, group)) {
    const std::string why = reason.empty() ? WhyItWouldBeKilled(context.plan.variants[v]) : reason;
    if (!why.empty()) context.parts.Skip(v, "page_cache.limit cannot be set here: " + why);
  }
}

void RunSideBySide(PhaseContext& context, const VariantGroup& group, const Block& block) {
  KeptSources kept;
  std::optional<PageCacheLimit> limit;
  if (group.page_cache.limit.bytes > 0) limit.emplace(group.page_cache.limit.bytes);
  ForgetBrokenRepetitions(context, group, block);
  bool is_first = true;
  for (int64_t rep = block.first; rep < block.end; ++rep) {
    if (HasRepetition(context, group, rep)) continue;
    RunRepetition(context, group, kept, limit, block, rep, std::exchange(is_first, false));
  }
}

}  // namespace plelab
