// Writes trained weights as a checkpoint in the published layout.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/base/dtype.h"
#include "model/training/text_trainee.h"

namespace plelab {

struct TrainedCheckpointOptions {
  DType dtype = DType::kBFloat16;
  // Goes into the safetensors metadata beside `weights: trained`: what the model was trained on, and for how
  // long.
  std::map<std::string, std::string> metadata = {};
  std::vector<std::string> companions = {};  // files to copy along: the vocabulary
};

// Writes config.json (`config_json` with the dtype of the weights), model.safetensors and the companions to
// `directory`, which it creates.  Existing files are replaced, each once its successor is complete.  Throws
// RunError.
void WriteTrainedCheckpoint(const TextTrainee& trainee, const std::string& config_json,
                            const std::string& directory, const TrainedCheckpointOptions& options);

// The same for any list of tensors, in their own dtypes; config.json states options.dtype.
void WriteTrainedCheckpoint(const std::vector<TrainedTensor>& published, const std::string& config_json,
                            const std::string& directory, const TrainedCheckpointOptions& options);

// Replaces the trainee's weights by those of a published checkpoint.  Tensors that the trainee does not read
// are dropped: a trainee without PLE starts from a model with PLE whose branch is skipped, and a multimodal
// trainee may start from a text-only checkpoint.  If the checkpoint's head is not tied, the trainee's is not
// either from then on; a head of the trainee's own starts as a tied checkpoint's token embedding.  Throws
// UserError when the checkpoint lacks a tensor of the trainee or has one of another shape.
void StartFrom(TextTrainee& trainee, const std::string& directory);

}  // namespace plelab
