// The weights that a phase works on, loaded once for all variants that can share them.
#pragma once

#include <memory>
#include <optional>

#include "harness/config/experiment_config.h"
#include "model/gemma3n/gemma3n.h"
#include "model/text/folded/folded_table.h"

namespace plelab {

struct LoadedModel {
  std::shared_ptr<const Checkpoint> checkpoint;
  Gemma3n model;
  int64_t load_ns = 0;
};

// Loads the weights of `checkpoint`, which is the section's, with a progress bar.  Throws as Gemma3n::Load.
LoadedModel LoadModel(const ModelSection& section, std::shared_ptr<const Checkpoint> checkpoint);

// TableFor (model/text/folded/folded_table.h), with a progress bar while a folded table is made.
PleTable TableWithProgress(const PleOptions& options, const Checkpoint& checkpoint);

// Sets the number of threads for the model's kernels and ATen from now on, on any of the allowed cores.
void UseThreads(int64_t threads);
// The same for a section's threads, each on a core of its own where the section says `pin`
// (harness/machine/cores.h).  Throws UserError when there are fewer cores.
void UseThreads(const ModelSection& section);

// Holds one model at a time, so that two checkpoints are never in memory together.
class ModelShelf {
 public:
  // The model of `section`, with its number of threads, its kv_dtype and the checkpoint's own layers.  Loads
  // it unless it is the one held.
  LoadedModel& Get(const ModelSection& section, const std::shared_ptr<const Checkpoint>& checkpoint);
  // Drops the model, and lets its threads run on all cores: a child process inherits those of its creator.
  void Clear();

 private:
  ModelSection section_;
  std::optional<LoadedModel> held_;
};

}  // namespace plelab
