#include "model/training/trained_checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

#include "model/base/error.h"
#include "model/base/output_file.h"
#include "model/catalog/synth.h"
#include "model/weights/tensor_file.h"
#include "model/weights/weight_loader.h"

namespace plelab {
namespace fs = std::filesystem;

void WriteTrainedCheckpoint(const TextTrainee& trainee, const std::string& config_json,
                            const std::string& directory, const TrainedCheckpointOptions& options) {
  WriteTrainedCheckpoint(PublishedWeights(trainee, options.dtype), config_json, directory, options);
}

void WriteTrainedCheckpoint(const std::vector<TrainedTensor>& published, const std::string& config_json,
                            const std::string& directory, const TrainedCheckpointOptions& options) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (!fs::is_directory(directory)) throw RunError("{}: cannot be made: {}", directory, error.message());
  std::vector<NamedTensor> tensors;
  for (const TrainedTensor& tensor : published) {
    tensors.push_back({tensor.spec.name, tensor.values});
  }
  std::map<std::string, std::string> metadata = options.metadata;
  metadata["format"] = "pt";
  metadata["weights"] = "trained";
  WriteTensorFile(directory + "/model.safetensors", tensors, metadata);
  for (const fs::path companion : options.companions) {
    const fs::path target = fs::path(directory) / companion.filename();
    if (fs::exists(target) && fs::equivalent(companion, target)) continue;
    fs::copy_file(companion, target, fs::copy_options::overwrite_existing);
  }
  const bool own_head = std::ranges::any_of(
      published, [](const TrainedTensor& tensor) { return tensor.spec.group == ParameterGroup::kOwnHead; });
  std::string config = ConfigJsonWithDType(config_json, options.dtype);
  if (own_head) config = UntiedConfigJson(config);
  WriteWholeFile(directory + "/config.json", config);
}

namespace {

// Gives a trainee whose logits are tied a head of its own, to be filled.
void Untie(TextTrainee& trainee) {
  trainee.config.text.own_head = true;
  trainee.weights.lm_head = trainee.weights.embed_tokens;
  trainee.weights.lm_head.values =
      torch::empty_like(trainee.weights.embed_tokens.values).requires_grad_(true);
}

// The name that a tensor of the trainee has in the checkpoint to start from.  A head that is tied there is
// its token embedding.
std::string NameInStart(const std::string& name, const TextTrainee& trainee, const Checkpoint& start) {
  const std::string theirs = TextPrefix(start.config());
  if (name != kHeadTensor) return theirs + name.substr(TextPrefix(trainee.config).size());
  return start.config().text.own_head ? name : theirs + "embed_tokens.weight";
}

}  // namespace

void StartFrom(TextTrainee& trainee, const std::string& directory) {
  const at::NoGradGuard no_grad;
  const Checkpoint checkpoint = Checkpoint::Open(directory);
  if (checkpoint.config().text.own_head && !trainee.text().own_head) Untie(trainee);
  const LoadOptions options{.dtype = DType::kFloat32};
  WeightLoader loader(checkpoint, options);
  std::vector<TrainedTensor> wanted = TrainedTensors(trainee);
  std::vector<torch::Tensor> found(wanted.size());
  for (size_t i = 0; i < wanted.size(); ++i) {
    TensorSpec spec = wanted[i].spec;
    spec.name = NameInStart(spec.name, trainee, checkpoint);
    const TensorInfo* info = checkpoint.Find(spec.name);
    if (info == nullptr || info->shape != spec.shape) {
      throw UserError(
          "{}: {}: expected {} to start from, found {}; start from a checkpoint of the same shape", directory,
          spec.name, Join(spec.shape, " x "),
          info == nullptr ? "no such tensor" : Format("{}", Join(info->shape, " x ")));
    }
    loader.Add(spec, found[i]);
  }
  loader.Run();
  for (size_t i = 0; i < wanted.size(); ++i) wanted[i].values.copy_(found[i]);
}

}  // namespace plelab
