// One repetition: every variant reads the prompt, then all step side by side at the same position of the
// text.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "harness/measure/cold_check.h"
#include "harness/measure/variant_session.h"
#include "harness/record/record.h"
#include "harness/record/timeline.h"
#include "harness/workload/loaded_model.h"
#include "model/base/sha256.h"

namespace plelab {

// One variant in a repetition, and what was recorded of it.
struct Contestant {
  int64_t variant = 0;  // index into the config's variants
  std::string name;
  bool exact = false;
  bool near = false;  // held to kFoldedBound
  VariantSession session;
  ColdCheck cold;
  RepRow rep = {};
  std::vector<StepRow> steps = {};
  std::vector<CurveRow> encode = {};  // of /curves/encode: ns by modality, where the prompt shows media
  std::string error = "";             // why it failed: it takes no further part, and its times are not kept
  torch::Tensor last_logits = {};     // its newest
  std::string last_hash = "";         // of them
  Sha256 outputs = {};                // over the hashes of all its logits
};

// `v` on `loaded`, with what it took to get there.
Contestant MakeContestant(const ExperimentConfig& config, int64_t v, LoadedModel& loaded,
                          std::shared_ptr<PleSource> source, int64_t make_source_ns, const Workload& work);

struct RepetitionSetup {
  int64_t rep = 0;
  DesignSection design;
  int64_t threads = 1;
  PleTable table;
  Timeline* timeline = nullptr;                 // may be null
  std::function<void(int64_t step)> on_step{};  // may be empty
};

// The order in which n variants take step `step` of repetition `rep`.  abba: forward on even steps, the same
// order backward on odd ones, rotated by one after each such pair and each repetition.
std::vector<int64_t> OrderOfStep(const DesignSection& design, int64_t n, int64_t rep, int64_t step);

// Fills `rep` and `steps` of each contestant.  One that throws, or that is exact and whose logits differ from
// the first exact one's, or that is near and whose differ too much, gets an error before the time is kept;
// the others go on.  Throws Interrupted.
void MeasureRepetition(std::vector<Contestant>& contestants, const Workload& work,
                       const RepetitionSetup& setup);

// What a repetition leaves of one contestant, taken out of it.
Record TakePart(Contestant& contestant);

}  // namespace plelab
