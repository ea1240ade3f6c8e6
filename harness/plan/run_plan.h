// What a run will do, resolved once before it starts.  Checks, estimate, phases and recorder read the plan
// and resolve nothing again.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/record/record.h"
#include "harness/workload/scored_text.h"
#include "harness/workload/workload.h"
#include "model/checkpoint/checkpoint.h"
#include "model/ple/strategies/factory.h"
#include "model/text/layer_list.h"

namespace plelab {

// Variants that share one model and one workload: one set of weights serves them all, they are measured side
// by side, and they are compared with the group's baseline only.
struct VariantGroup {
  ModelSection model;
  WorkloadSection workload;
  std::vector<int64_t> variants;  // indices into RunPlan::variants, in the config's order
  int64_t baseline = -1;          // the first exact variant; −1 when the group has none
  // What `workload` feeds.  None where the experiment runs no workload, or where the tokenizer is not there
  // yet (RunPlan::checkpoint).
  std::optional<Workload> work = std::nullopt;
};

// One variant on the run's checkpoint.
struct VariantPlan {
  VariantConfig config;
  int64_t group = 0;  // index into RunPlan::groups
  // Where its rows are.  `folded` is set by MakeFoldedTables.
  PleTable table;
  PleFootprint footprint;
  LayerList layers;         // that the variant runs
  bool exact = false;       // its output must equal its baseline's bit for bit
  bool near = false;        // its output must equal its baseline's up to the rounding of `folded`
  std::string cache_start;  // of the PLE cache when a repetition starts: empty, warmed or none
  VariantRow row;           // of /tables/variants, as it is before anything has run

  const std::string& name() const { return config.name; }
  bool reads_file() const { return footprint.file_bytes > 0; }
};

// A text that was read, as /meta names it.
struct TextIdentity {
  std::string path;
  std::string sha256;            // of the file
  std::string tokenizer_sha256;  // empty for a trace
};

// Holds no weights.  One checkpoint serves a whole run: of `model`, variants may change threads and dtype.
struct RunPlan {
  ExperimentConfig config;
  // nullptr where `synth` has still to write it: --dry-run estimates such a run from its shape.
  std::shared_ptr<const Checkpoint> checkpoint;
  Gemma3nConfig model_config;         // the checkpoint's config.json, or the shape's
  PleTable table;                     // of the checkpoint; without a checkpoint only its geometry is known
  std::vector<VariantGroup> groups;   // in the order in which the config first names each
  std::vector<VariantPlan> variants;  // in the config's order
  // The text of config.workload and that of config.accuracy; none where the experiment has no such section.
  std::optional<TextIdentity> text, accuracy_text;
  // What accuracy is scored on.
  std::optional<ScoredText> scored;

  // The workload of variant `v`.  Throws std::bad_optional_access where it has none.
  const Workload& WorkOf(int64_t v) const { return groups.at(variants.at(v).group).work.value(); }
};

// Opens the checkpoint, reads the texts and the media, cuts the workloads.  Throws UserError, with the place
// in the config where one is to blame, for a checkpoint or a text that cannot be read, a transform or an edit
// of layers that does not fit the checkpoint, a text too short for its workload or with no token left to warm
// a cache with.
RunPlan ResolvePlan(const ExperimentConfig& config);

// Makes the tables that `folded` variants read, where they are not there yet, and notes them in the variants'
// `table`.  Needs a plan with a checkpoint.  Throws as TableFor.
void MakeFoldedTables(RunPlan& plan);

// The plan of variant `v` alone, as its variant 0, with its table, for a process that measures nothing else:
// accuracy's text is not read.  Throws as ResolvePlan and MakeFoldedTables.
RunPlan ResolvePlanOfVariant(const ExperimentConfig& config, int64_t v);

// The rows of /tables/variants, before anything has run.
std::vector<VariantRow> VariantRows(const RunPlan& plan);

}  // namespace plelab
