// Steps of a recorded text, with rows and without, taking turns.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "experiments/replay/measure/stand_in.h"
#include "experiments/replay/tables/geometries.h"
#include "experiments/replay/tables/step_rows.h"
#include "model/ple/strategies/factory.h"

namespace plelab {

// What happens to the page cache of the table, always outside of timed steps.
enum class ColdAt {
  kStep,        // evicted before each step
  kRepetition,  // evicted before the first step of each repetition
  kNever        // left as it is
};

struct ReplayPlan {
  ReplayGeometry geometry = {};  // as it is stored, cut or whole
  int64_t published_rows = 0;
  PleTable table = {};
  PleOptions ple = {};
  PleSourceContext context = {};   // how the variant opens its file
  std::vector<int64_t> text = {};  // token ids
  double step_ms = 0;              // wanted, of a step without PLE
  int64_t reps = 5, steps = 0;     // `steps` of each participant in each repetition
  int64_t warmup_steps = 16;
  // Of all steps together: each repetition has its share, and ends early after whole sets of rounds when that
  // is over, but not before one set.  0: no limit.
  double most_seconds = 0;
  ColdAt cold = ColdAt::kStep;
  // What the variant is compared with: the same rows in RAM, or with nullptr the same steps without asking
  // for any row.
  PleSource* resident = nullptr;
  int64_t settle_us = 200;  // nothing happens for so long before each step
  // The checksum that a step's rows must have; nullptr where only the baseline knows.
  std::function<uint64_t(const StepRows&)> expected = nullptr;
  std::function<void(int64_t steps_done, int64_t steps)> progress = {};
};

// One step as it was measured.  bytes_moved: by the devices, for this process; −1 where the kernel does not
// say.  begin_ns: on a clock of this run.
struct ReplayStepRow {
  std::string variant = {}, predecessor = {};
  int64_t rep = 0, step = 0, token_id = 0, begin_ns = 0, step_ns = 0, wait_ns = 0, hidden_ns = 0, read_ns = 0;
  int64_t lookups = 0, hits = 0, read_calls = 0, bytes_asked = 0, bytes_moved = 0;
};

struct ReplayResult {
  std::string baseline_name = {}, variant_name = {}, twin_name = {};
  double calibrated_ms = 0;  // of a step when the stand-in was set, on a quiet machine
  int64_t layer_bytes = 0;   // that the stand-in reads in each layer
  int64_t fast_bytes = 0;    // RAM in which the variant holds rows
  int64_t helper_threads = 0;
  bool rows_checked = false;  // every row that was read was compared with what it must be
  std::vector<ReplayStepRow> steps = {};
};

// Where the excerpt of repetition `rep` begins: the repetitions' stretches of the text are far apart and do
// not overlap.  Throws UserError when the text is too short for that.
int64_t ExcerptStart(int64_t text_ids, int64_t reps, int64_t steps_each, int64_t rep);

// Calibrates the stand-in and takes all steps.  At each position of an excerpt the baseline, the variant and
// the baseline's twin take the same step, in the orders of kRounds.  A variant that keeps state is made anew
// for each repetition; `initial: warmed` warms it with the ids before the excerpt.
// Throws UserError for a text that is too short and for options that do not fit the table, RunError when a
// read fails or when rows that must be exact are not.
ReplayResult RunReplay(const ReplayPlan& plan, StandIn& stand_in);

}  // namespace plelab
