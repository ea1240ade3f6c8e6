// One repetition: every variant reads the prompt, then all decode side by side, step by step, at the same
// position of the text.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/cold/cold_check.h"
#include "harness/machine/page_cache_limit.h"
#include "harness/measure/variant_session.h"
#include "harness/plan/run_plan.h"
#include "harness/record/record.h"
#include "harness/record/timeline.h"
#include "harness/workload/loaded_model.h"
#include "model/base/sha256.h"

namespace plelab {

// One variant in a repetition, and what was recorded about it.
struct Contestant {
  int64_t variant = 0;  // index into the plan's variants
  std::string name;
  bool exact = false;
  bool near = false;              // its logits may differ from the baseline's by the rounding of `folded`
  DType dtype = DType::kFloat32;  // the coarsest in which its model computes or keeps keys and values
  VariantSession session;
  ColdCheck cold;
  bool reads_file = false;
  RepRow rep = {};
  std::vector<StepRow> steps = {};
  std::vector<StepPartRow> step_parts = {};
  // Its rows of /curves/encode: ns by modality; empty when the prompt has no media.
  std::vector<CurveRow> encode = {};
  // Why it failed, or "".  A variant that failed takes no further part, and its times are not kept.
  std::string error = "";
  torch::Tensor last_logits = {};  // those of its latest pass or step
  std::string last_hash = "";      // of last_logits
  Sha256 outputs = {};             // over the hashes of all its logits
};

// Makes the contestant for variant `v` of the plan, which must outlive it, in repetition `rep` on the model
// `loaded`.  `make_source_ns` is the time that making `source` took.
Contestant MakeContestant(const RunPlan& plan, int64_t v, int64_t rep, LoadedModel& loaded,
                          std::shared_ptr<PleSource> source, int64_t make_source_ns);

struct RepetitionSetup {
  int64_t rep = 0;
  int64_t process = 0;  // which of the run's processes measures it
  DesignSection design;
  int64_t threads = 1;
  // Reads the prompt once before anything is timed: true where this process has not read one of these
  // variants' prompts.
  bool rehearse_prompt = false;
  Timeline* timeline = nullptr;                 // May be nullptr: then nothing is recorded.
  std::function<void(int64_t step)> on_step{};  // May be empty: then nobody is told.
  // May be nullptr.  Otherwise the steps run under it (under_limit.h); the prompt does not.
  PageCacheLimit* limit = nullptr;
  // Requests in flight on the tables' devices.  Empty: of the disks that the tables lie on.
  std::function<int64_t()> in_flight{};
};

// Fills `rep`, `steps` and `step_parts` of each contestant; the latter from steps that are observed after the
// timed ones (observed_steps.h).  A contestant gets an error, before its time is kept, when it
// throws, when it is exact and its logits differ from those of the first exact one, or when it is near and
// they differ by more than rounding; the others continue.  Throws Interrupted.
void MeasureRepetition(std::vector<Contestant>& contestants, const Workload& work,
                       const RepetitionSetup& setup);

// Moves the record of the repetition out of the contestant.
Record TakePart(Contestant& contestant);

}  // namespace plelab
