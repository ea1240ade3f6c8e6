#include "model/training/trained_checkpoint.h"

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
  WriteWholeFile(directory + "/config.json", ConfigJsonWithDType(config_json, options.dtype));
}

void StartFrom(TextTrainee& trainee, const std::string& directory) {
  const at::NoGradGuard no_grad;
  const Checkpoint checkpoint = Checkpoint::Open(directory);
  const LoadOptions options{.dtype = DType::kFloat32};
  WeightLoader loader(checkpoint, options);
  std::vector<TrainedTensor> wanted = TrainedTensors(trainee);
  std::vector<torch::Tensor> found(wanted.size());
  const std::string own = TextPrefix(trainee.config), theirs = TextPrefix(checkpoint.config());
  for (size_t i = 0; i < wanted.size(); ++i) {
    TensorSpec spec = wanted[i].spec;
    spec.name = theirs + spec.name.substr(own.size());
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
