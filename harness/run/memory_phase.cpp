#include "harness/run/memory_phase.h"

#include "harness/cold/cold_check.h"
#include "harness/machine/memory_probe.h"
#include "harness/measure/variant_session.h"
#include "harness/plan/run_order.h"
#include "harness/run/child.h"
#include "harness/support/interrupt.h"
#include "harness/support/progress.h"
#include "model/base/format.h"

namespace plelab {
namespace {

// Collects the memory counters of each phase.
class MemoryLog {
 public:
  MemoryLog(std::string variant, int64_t rep, const LoadedModel& loaded, const PleTable& table)
      : variant_(std::move(variant)), rep_(rep), loaded_(loaded), table_(table) {}

  void Read(const std::string& phase, const PleSource& source, int64_t kv_bytes) {
    const MemoryReading now = ReadMemory();
    const WeightBytes weights = loaded_.model.weight_bytes();
    const auto add = [&](const char* counter, double bytes) {
      rows_.push_back({variant_, phase, counter, rep_, bytes});
    };
    add("anonymous", static_cast<double>(now.anonymous_bytes));
    add("file_backed", static_cast<double>(now.file_backed_bytes));
    add("peak_rss", static_cast<double>(now.peak_rss_bytes));
    add("pss", static_cast<double>(now.pss_bytes));
    add("cgroup_peak", now.cgroup_peak_bytes);
    add("ple_page_cache", static_cast<double>(CachedBytes(RangeOf(table_))));
    add("kv_cache", static_cast<double>(kv_bytes));
    // The memory of an accelerator is not measured: the value is unknown there, and 0 on the CPU.
    add("device", loaded_.model.device().is_cpu() ? 0.0 : kNotMeasured);
    add("ple_fast", static_cast<double>(source.held_bytes()));
    add("token_embedding", static_cast<double>(weights.token_embedding));
    add("text_stack", static_cast<double>(weights.text_stack));
    add("vision", static_cast<double>(weights.vision));
    add("audio", static_cast<double>(weights.audio));
  }

  std::vector<MemoryRow> TakeRows() { return std::move(rows_); }

 private:
  std::string variant_;
  int64_t rep_;
  const LoadedModel& loaded_;
  PleTable table_;
  std::vector<MemoryRow> rows_;
};

// Bytes of weights that the process read from the checkpoint, by the kind of input that they are for.  Rows
// of the PLE table are not among them, because the source reads those.
std::vector<CurveRow> WeightsRead(const std::string& variant, int64_t rep, const Checkpoint& checkpoint) {
  std::vector<CurveRow> rows;
  for (const Modality modality : {Modality::kText, Modality::kVision, Modality::kAudio}) {
    CurveRow row;
    row.series = variant;
    row.label = Name(modality);
    row.x = static_cast<double>(rep);
    row.y = static_cast<double>(checkpoint.weight_bytes_read(modality));
    rows.push_back(row);
  }
  return rows;
}

}  // namespace

Record MeasureMemory(const ExperimentConfig& config, int64_t v, int64_t rep) {
  const MemoryGroup group;  // entered when the process started, so that all memory is charged to it
  const RunPlan plan = ResolvePlanOfVariant(config, v);
  const VariantPlan& variant = plan.variants[0];
  const PleTable& table = TableRead(variant.table);
  const Workload& work = plan.WorkOf(0, 0);
  ColdCheck cold(variant);
  cold.BeforePrefill();  // pages that other processes left in the page cache would be counted as this one's

  UseThreads(variant.config.model);
  LoadedModel loaded = LoadModel(variant.config.model, plan.checkpoint);
  std::shared_ptr<PleSource> source = DefaultSourceMaker()(variant.config, variant.table, work.warm_ids);
  VariantSession session(loaded.model, source, work, variant.config.workload);
  MemoryLog log(variant.name(), rep, loaded, table);
  log.Read("loaded", *source, session.kv().nbytes());

  source->ReleasePages();
  cold.BeforePrefill();
  session.Prefill();
  log.Read("prefill", *source, session.kv().nbytes());

  for (int64_t k = 0; k < work.steps(); ++k) {
    if (variant.config.page_cache.maintain == PageCacheMaintain::kEvictEachStep) source->ReleasePages();
    cold.BeforeStep(session.next_ids());
    session.Step();
  }
  log.Read("decode", *source, session.kv().nbytes());

  Record part;
  part.memory = log.TakeRows();
  part.curves.push_back(
      {"weights_read", "repetition", "bytes", WeightsRead(variant.name(), rep, *plan.checkpoint)});
  return part;
}

void RunMemoryPhase(PhaseContext& context) {
  const TimelineSpan span(context.timeline, "run", "memory");
  context.models.Clear();                                   // one set of weights in memory at a time
  const auto n = std::ssize(context.plan.config.variants);  // no twins
  for (int64_t rep = 0; rep < context.plan.config.design.memory_reps; ++rep) {
    Progress bar(Format("memory, repetition {}, a process per variant", rep + 1), n);
    int64_t done = 0;
    // Negative streams, which time repetitions do not use for their shuffles.
    for (int64_t v : ShuffledOrder(n, context.plan.config.design.seed, -1 - rep)) {
      ThrowIfInterrupted();
      const PartKey key{Phase::kMemory, v, rep};
      if (!context.parts.HasFailed(v) && !context.parts.Has(key)) RunChild(context, key);
      bar.Update(++done, context.name(v));
    }
    bar.Finish();
  }
}

}  // namespace plelab
