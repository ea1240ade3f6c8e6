// The questions that `plelab run` can answer, one file each.  Their names and sections are listed in the
// harness (KnownExperiments).
#pragma once

#include <string>

#include "harness/config/experiment_config.h"
#include "harness/run/runner.h"
#include "model/checkpoint/config.h"

namespace plelab {

// The parts of an experiment that differ from the common run.
struct Experiment {
  // Runs and writes the result file.
  RunResult (*run)(const ExperimentConfig& config, const RunOptions& options);
  // What --dry-run prints.  Measures no variant and writes nothing.
  std::string (*estimate)(const ExperimentConfig& config);
  // The table that is printed at the end.
  std::string (*summary)(const ExperimentConfig& config, const RunResult& result);
};

// How to run the experiment that config.experiment names.  Throws UserError for one that this program lacks.
Experiment FindExperiment(const std::string& name);

Experiment PleStrategies();
Experiment Modalities();
Experiment ParameterGroups();
Experiment PleAblation();
Experiment PleContribution();
Experiment PleRank();
Experiment Depth();
Experiment CacheLocality();
Experiment OffloadVsMlp();

// For experiments without variants, which turn shapes into curves.

// `shape` is a checkpoint if it is a folder, else a shape (ShapeConfigJson).
Gemma3nConfig ConfigOfShape(const std::string& shape);

}  // namespace plelab
