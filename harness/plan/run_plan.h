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

// Variants that share one model, one workload, one state of the page cache and one `group`: one set of
// weights serves them all, they are measured side by side, and they are compared with the group's baseline
// only.
struct VariantGroup {
  ModelSection model;
  WorkloadSection workload;
  PageCacheSection page_cache;
  std::string name;  // `group` of the config
  // Indices into RunPlan::variants: the baseline, then the others in the config's order.
  std::vector<int64_t> variants;
  // The first exact variant; in a group with a name the one that has the options of the config's baseline, or
  // a copy of that.  −1 when the group has none.
  int64_t baseline = -1;
  int64_t control = -1;  // the baseline's twin, which is timed only; −1 without one
  // The tokens and media that `workload` describes, by repetition.  Empty when the experiment runs no
  // workload, or when the tokenizer does not exist yet (RunPlan::checkpoint).
  std::vector<Workload> works = {};
};

// One variant on the run's checkpoint.
struct VariantPlan {
  VariantConfig config;
  int64_t group = 0;  // index into RunPlan::groups
  // Where its rows are stored.  `folded` is set from the start where finished inputs are packed; elsewhere
  // MakeFoldedTables sets it.
  PleTable table;
  PleFootprint footprint;
  LayerList layers;    // the layers that the variant runs
  bool exact = false;  // its output must equal its baseline's bit for bit
  bool near = false;   // its output must equal its baseline's up to the rounding of `folded`
  std::string
      cache_start;  // the state of its PLE cache when a repetition starts: empty, warmed, static or none
  VariantRow row;   // its row of /tables/variants, as it is before anything has run

  const std::string& name() const { return config.name; }
  bool reads_file() const { return footprint.file_bytes > 0; }
};

// A text that was read, as recorded in /meta.
struct TextIdentity {
  std::string path;
  std::string sha256;            // of the file
  std::string tokenizer_sha256;  // empty for a trace
};

// The plan of a run; it holds no weights.  A run has one checkpoint: of the section `model`, variants may
// change only kVariantModelKeys.
struct RunPlan {
  ExperimentConfig config;
  // nullptr when `synth` has yet to write it; --dry-run estimates such a run from its shape.
  std::shared_ptr<const Checkpoint> checkpoint;
  Gemma3nConfig model_config;        // the checkpoint's config.json, or the shape's
  PleTable table;                    // the checkpoint's; without a checkpoint only its geometry is known
  std::vector<VariantGroup> groups;  // in the order in which the config first names each
  // In the config's order, then copies of the baseline in named groups, then twins of baselines, which are
  // timed only.
  std::vector<VariantPlan> variants;
  // The texts of config.workload and config.accuracy; std::nullopt when the experiment does not use the
  // section.
  std::optional<TextIdentity> text, accuracy_text;
  // The text on which accuracy is scored.
  std::optional<ScoredText> scored;

  // The workload of variant `v` in repetition `rep`.  Throws std::out_of_range when it has none.
  const Workload& WorkOf(int64_t v, int64_t rep) const {
    return groups.at(variants.at(v).group).works.at(rep);
  }
};

// Opens the checkpoint and packed tables, reads the texts and the media, and cuts the workloads from them.
// Throws UserError, naming the place in the config when there is one, for a checkpoint or a text that cannot
// be read, a packed table that is damaged or of other weights, a transform or an edit of layers that does not
// fit the checkpoint, and a text that is too short for its workload or has no tokens left to warm a cache
// with.
RunPlan ResolvePlan(const ExperimentConfig& config);

// Makes the tables that `folded` variants read, unless they exist, and records them in the variants' `table`.
// Requires a plan with a checkpoint.  Throws as TableFor.
void MakeFoldedTables(RunPlan& plan);

// Returns a plan of variant `v` alone, which is its variant 0, for a process that measures nothing else.  Its
// folded table is made, and the text of the accuracy section is not read.  Throws as ResolvePlan and
// MakeFoldedTables.
RunPlan ResolvePlanOfVariant(const ExperimentConfig& config, int64_t v);

// The most repetitions that a run may make: the stop rule's where there is one.
int64_t MostReps(const DesignSection& design);

// The rows of /tables/variants as they are before anything has run.
std::vector<VariantRow> VariantRows(const RunPlan& plan);

}  // namespace plelab
