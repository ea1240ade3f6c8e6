#include "harness/measure/repetition.h"

#include <sys/resource.h>

#include <algorithm>
#include <iostream>
#include <optional>
#include <set>

#include "harness/cold/cold_reads.h"
#include "harness/machine/bandwidth.h"
#include "harness/machine/machine_state.h"
#include "harness/measure/near_output.h"
#include "harness/measure/observed_steps.h"
#include "harness/measure/under_limit.h"
#include "harness/plan/turn_order.h"
#include "harness/storage/neutral_read.h"
#include "harness/storage/settle.h"
#include "harness/storage/storage.h"
#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/timer.h"
#include "model/base/format.h"

namespace plelab {
namespace {

int64_t MajorFaults() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_majflt;
}

// Whose turn is next, whose was last, and what passes between two turns.
struct Turns {
  TurnOrder order;
  Settler settler;
  std::optional<NeutralRead> read = std::nullopt;  // before the gap
  std::string last = {};
};

// A step that reads much of its memory anew does not notice what a read left behind.
std::optional<NeutralRead> NeutralReadFor(const std::vector<Contestant>& contestants) {
  for (const Contestant& c : contestants) {
    if (c.session.rehearses() && c.reads_file) return std::make_optional<NeutralRead>(c.cold.table().path);
  }
  return std::nullopt;
}

Settler SettlerOf(const RepetitionSetup& setup, const std::vector<Contestant>& contestants) {
  const int64_t gap_ns = setup.design.settle.ns;
  if (setup.in_flight) return {gap_ns, setup.in_flight};
  std::set<std::string> files;
  for (const Contestant& c : contestants) files.insert(c.cold.table().path);
  return SettlerFor(gap_ns, files);
}

// Runs `work` for one contestant; an exception becomes the contestant's error.
template <class F>
void Attempt(Contestant& contestant, F work) {
  if (!contestant.error.empty()) return;
  try {
    work(contestant);
  } catch (const std::exception& error) {
    contestant.error = MessageOf(error);
  }
}

void RequireSameOutput(std::vector<Contestant>& contestants, const std::string& where) {
  const Contestant* reference = nullptr;
  for (auto& c : contestants) {
    if (!c.error.empty()) continue;
    c.outputs.Update(c.last_hash);
    if (!c.exact) continue;
    if (!reference) {
      reference = &c;
    } else if (c.last_hash != reference->last_hash) {
      c.error = Format(
          "{}: its logits differ from those of '{}', which it must equal bit for bit; its times are not kept",
          where, reference->name);
    }
  }
  if (reference == nullptr) return;
  for (auto& c : contestants) {
    if (!c.near || !c.error.empty()) continue;
    c.error = FarFrom(c.last_logits, reference->last_logits, c.dtype, where, reference->name);
  }
}

void AddEncode(Contestant& c, int64_t rep, Modality modality, int64_t ns) {
  if (ns == 0) return;  // the prompt has no media of this kind
  CurveRow row;
  row.series = c.name;
  row.label = Name(modality);
  row.x = static_cast<double>(rep);
  row.y = static_cast<double>(ns);
  c.encode.push_back(row);
}

void Prefill(Contestant& c, const RepetitionSetup& setup, const Settler& settler) {
  settler.Settle([&] { c.cold.BeforePrefill(); });
  const TimelineSpan span(setup.timeline, c.name, "prefill");
  const int64_t faults = MajorFaults();
  const PrefillResult result = c.session.Prefill();
  c.rep.major_faults += MajorFaults() - faults;
  c.rep.ttft_ns = result.ttft_ns;
  c.rep.prefill_ns = result.prefill_ns;
  c.rep.prefill_ple_wait_ns = result.ple_wait_ns;
  c.last_logits = result.logits;
  c.last_hash = result.logits_sha256;
  AddEncode(c, setup.rep, Modality::kVision, result.encode_vision_ns);
  AddEncode(c, setup.rep, Modality::kAudio, result.encode_audio_ns);
}

StepRow RowOf(const Contestant& c, const std::string& predecessor, int64_t rep, int64_t step,
              const StepResult& result) {
  StepRow row;
  row.variant = c.name;
  row.predecessor = predecessor;
  row.rep = rep;
  row.step = step;
  row.token_id = result.token_id;
  row.step_ns = result.step_ns;
  row.ple_wait_ns = result.ple.wait_ns;
  row.ple_hidden_ns = result.ple.hidden_ns;
  row.ple_read_ns = result.ple.read_ns;
  row.held_bytes = c.session.source().held_bytes();
  row.lookups = result.ple.lookups;
  row.hits = result.ple.hits;
  row.misses = result.ple.misses;
  row.read_calls = result.ple.read_calls;
  row.bytes_asked = result.ple.bytes_asked;
  row.bytes_moved = result.bytes_moved;
  row.step_bytes = result.step_bytes;
  return row;
}

// Runs and records one step after the turn of `turns.last`.  `step` counts measured steps from 0; warm-up
// steps are negative.
void Step(Contestant& c, Turns& turns, const RepetitionSetup& setup, int64_t step) {
  // The device is quiet before it is looked what is cached: a read-around in flight would come in afterwards.
  const bool settled = turns.settler.Settle([&] {
    c.cold.BeforeStep(c.session.next_ids());
    if (turns.read) turns.read->Read();
  });
  const int64_t faults = MajorFaults();
  const int64_t start_ns = setup.timeline ? setup.timeline->now_ns() : 0;
  const StepResult result = c.session.Step();
  c.rep.major_faults += MajorFaults() - faults;
  c.last_logits = result.logits;
  c.last_hash = result.logits_sha256;
  if (step < 0) return;
  if (setup.timeline) setup.timeline->Add(c.name, Format("step {}", step), start_ns, result.step_ns);
  if (!settled) ++c.rep.unsettled_steps;
  c.steps.push_back(RowOf(c, turns.last, setup.rep, step, result));
}

std::vector<int64_t> Live(const std::vector<Contestant>& contestants) {
  std::vector<int64_t> live;
  for (int64_t i = 0; i < std::ssize(contestants); ++i) {
    if (contestants[i].error.empty()) live.push_back(i);
  }
  return live;
}

// What one of them has paid for, all have: they share the model and the heap.
void RehearsePrompt(std::vector<Contestant>& contestants) {
  for (Contestant& one : contestants) {
    Attempt(one, [](Contestant& c) { c.session.RehearsePrompt(); });
    if (one.error.empty()) return;
  }
}

void PrefillAll(std::vector<Contestant>& contestants, const RepetitionSetup& setup, Turns& turns) {
  int64_t position = 0;
  for (const int64_t i : turns.order.Next(Live(contestants))) {
    ThrowIfInterrupted();
    contestants[i].rep.order = position++;
    if (contestants[i].cold.section().initial == PageCacheInitial::kCold) ReleaseAllPages(contestants);
    Attempt(contestants[i], [&](Contestant& c) { Prefill(c, setup, turns.settler); });
    turns.last = contestants[i].name;
  }
  RequireSameOutput(contestants, "prompt");
}

void MeasureSteps(std::vector<Contestant>& contestants, const Workload& work, const RepetitionSetup& setup,
                  Turns& turns) {
  for (int64_t k = 0; k < work.steps(); ++k) {
    ThrowIfInterrupted();
    const int64_t step = k - work.warmup_steps;
    for (const int64_t i : turns.order.Next(Live(contestants))) {
      if (setup.limit != nullptr) setup.limit->Renew();
      const bool evicts = contestants[i].cold.section().maintain == PageCacheMaintain::kEvictEachStep;
      if (evicts) ReleaseAllPages(contestants);
      Attempt(contestants[i], [&](Contestant& c) { Step(c, turns, setup, step); });
      turns.last = contestants[i].name;
    }
    RequireSameOutput(contestants, Format("decode step {}", k));
    if (setup.on_step) setup.on_step(k + 1);
  }
}

// Brings the machine into the state in which a step of the contestant is timed, and observes one.
ObservedStep Observe(Contestant& c, std::vector<Contestant>& contestants, Turns& turns) {
  turns.settler.Settle([&] {
    if (c.cold.section().maintain == PageCacheMaintain::kEvictEachStep) ReleaseAllPages(contestants);
    c.cold.EvictForStep();
    if (turns.read) turns.read->Read();
  });
  return c.session.ObserveStep();
}

// Observes steps of all.  They come after the timed ones and are not counted among them, so that these stay
// as they are.
void ObserveAll(std::vector<Contestant>& contestants, const RepetitionSetup& setup, Turns& turns) {
  for (const int64_t i : Live(contestants)) {
    Attempt(contestants[i], [&](Contestant& c) {
      if (c.steps.empty()) return;
      std::vector<ObservedStep> steps;
      for (int64_t k = 0; k < kObservedSteps; ++k) {
        ThrowIfInterrupted();
        if (setup.limit != nullptr) setup.limit->Renew();
        steps.push_back(Observe(c, contestants, turns));
        if (setup.timeline) AddToTimeline(steps.back().times, c.name, *setup.timeline);
      }
      c.step_parts = StepPartRows(c.name, setup.rep, steps);
    });
  }
}

void RecordMachine(RepRow& row, const MachineState& between) {
  row.cpu_mhz = between.cpu_mhz;
  row.temperature_c = between.temperature_c;
  row.steal_ns = between.steal_ns;
  row.psi_memory_us = between.psi_memory_us;
  row.psi_io_us = between.psi_io_us;
  row.energy_j = between.energy_j;
  row.cpu_pressure_us = between.psi_cpu_us;
  row.involuntary_switches = between.involuntary_switches;
}

void TakeReferences(std::vector<Contestant>& contestants, const RepetitionSetup& setup) {
  std::vector<ColdCheck*> checks;
  for (Contestant& c : contestants) checks.push_back(&c.cold);
  std::string notice;
  TakeColdReads(checks, setup.design.settle.ns, static_cast<uint64_t>(setup.design.seed + setup.rep), notice);
  static std::set<std::string> said;  // once for each, not once for each repetition
  if (!notice.empty() && said.insert(notice).second) std::cerr << Printable(notice) << "\n";
}

}  // namespace

Contestant MakeContestant(const RunPlan& plan, int64_t v, int64_t rep, LoadedModel& loaded,
                          std::shared_ptr<PleSource> source, int64_t make_source_ns) {
  const VariantPlan& variant = plan.variants.at(v);
  Contestant contestant{
      v,
      variant.name(),
      variant.exact,
      variant.near,
      CoarsestDType(loaded.model),
      VariantSession(loaded.model, std::move(source), plan.WorkOf(v, rep), variant.config.workload),
      ColdCheck(variant)};
  contestant.rep.load_ns = loaded.load_ns + make_source_ns;
  contestant.rep.cache_start = variant.cache_start;
  contestant.reads_file = variant.reads_file();
  if (contestant.reads_file) contestant.rep.read_ahead_bytes = ReadAheadBytes(contestant.cold.table().path);
  return contestant;
}

void MeasureRepetition(std::vector<Contestant>& contestants, const Workload& work,
                       const RepetitionSetup& setup) {
  if (setup.rehearse_prompt) RehearsePrompt(contestants);
  const int64_t started = UnixNowNs();
  const double bandwidth_before = MeasureReadBandwidth(setup.threads);
  TakeReferences(contestants, setup);
  const MachineState before = ReadMachineState();

  const Timer wall;
  Turns turns{TurnOrder(setup.design.order, std::ssize(contestants), setup.design.seed, setup.rep),
              SettlerOf(setup, contestants), NeutralReadFor(contestants)};
  PrefillAll(contestants, setup, turns);
  MachineState between;
  int64_t wall_ns = 0;
  {
    const UnderLimit limited(setup.limit, contestants, work);
    MeasureSteps(contestants, work, setup, turns);
    wall_ns = wall.ns();
    between = Between(before, ReadMachineState());
    ObserveAll(contestants, setup, turns);
  }
  const double bandwidth_after = MeasureReadBandwidth(setup.threads);
  for (auto& c : contestants) {
    c.rep.variant = c.name;
    c.rep.rep = setup.rep;
    c.rep.process = setup.process;
    c.rep.excerpt = work.excerpt;
    c.rep.started_unix_ns = started;
    c.rep.bandwidth_before = bandwidth_before;
    c.rep.bandwidth_after = bandwidth_after;
    c.rep.wall_ns = wall_ns;
    RecordMachine(c.rep, between);
    c.cold.Describe(c.steps, c.rep);
    c.rep.output_sha256 = c.outputs.Hex();
    c.rep.valid_steps = static_cast<int64_t>(c.steps.size());
  }
}

Record TakePart(Contestant& contestant) {
  Record part;
  part.reps.push_back(contestant.rep);
  part.steps = std::move(contestant.steps);
  part.step_parts = std::move(contestant.step_parts);
  if (!contestant.encode.empty()) {
    part.curves.push_back({"encode", "repetition", "ns", std::move(contestant.encode)});
  }
  for (Curve& curve : contestant.cold.Curves(contestant.name, contestant.rep.rep)) {
    part.curves.push_back(std::move(curve));
  }
  return part;
}

}  // namespace plelab
