// Multiple-choice tasks are checked before anything is measured: accuracy is the last phase of a run.
#pragma once

#include <vector>

#include "harness/accuracy/choice_task.h"
#include "harness/plan/run_plan.h"

namespace plelab {

// The tasks of the accuracy section; none where it is off.  Throws as ReadChoiceTask.
std::vector<ChoiceTask> ReadTasks(const ExperimentConfig& config);

// Decodes each file that the documents show, with a progress bar.  Throws UserError naming the document whose
// file cannot be decoded.  `processor_folder` holds preprocessor_config.json.
void CheckMedia(const ChoiceTask& task, const Gemma3nConfig& config, const std::string& processor_folder);

// Throws UserError for a task that cannot be read, a document that does not fit into accuracy.context or
// shows what the model has no tower for, and a picture or sound that cannot be decoded (CheckMedia). Requires
// a plan with a checkpoint.
void CheckTasks(const RunPlan& plan);

}  // namespace plelab
