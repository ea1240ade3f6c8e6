// The questions that `plelab run` can ask, one file each; their names and sections are listed in harness
// (KnownExperiments).
#pragma once

#include <string>

#include "harness/config/experiment_config.h"
#include "harness/run/runner.h"
#include "model/checkpoint/config.h"

namespace plelab {

// What an experiment adds to the common run.
struct Experiment {
  // Runs and writes the result file.
  RunResult (*run)(const ExperimentConfig& config, const RunOptions& options);
  // What --dry-run prints; measures no variant, writes nothing.
  std::string (*estimate)(const ExperimentConfig& config);
  // The table that is printed at the end.
  std::string (*summary)(const ExperimentConfig& config, const RunResult& result);
};

// config.experiment → how to run it.  Throws UserError for one that this program lacks.
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

// What experiments share that know no variants: shapes in, curves out.

// A folder is a checkpoint, anything else a shape (ShapeConfigJson).
Gemma3nConfig ConfigOfShape(const std::string& shape);

// Writes result.record to result.path, making its folder.
void WriteCurves(const RunResult& result);

}  // namespace plelab
