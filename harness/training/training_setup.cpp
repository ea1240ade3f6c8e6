#include "harness/training/training_setup.h"

#include <filesystem>

#include "harness/support/output_place.h"
#include "model/base/error.h"
#include "model/training/trained_checkpoint.h"

namespace plelab {

void CheckResultIsNew(const OutputSection& output, const TrainingOptions& options) {
  RequireWritable(output.result);
  for (const char* file : {"model.safetensors", "config.json"})
    RequireWritable(output.checkpoint + "/" + file);
  if (std::filesystem::exists(output.result) && !options.force) {
    throw UserError("{}: exists; name another 'output.result', or replace it with --force", output.result);
  }
}

TextTrainee MakeStart(const TrainingConfig& config, const std::string& config_json) {
  const ArmSection& arm = config.arm;
  TextTrainee trainee = MakeTrainee(ParseConfig(config_json, arm.shape), arm.ple,
                                    static_cast<uint64_t>(arm.seed), config.compute.dtype);
  if (!arm.start.empty()) StartFrom(trainee, arm.start);
  return trainee;
}

}  // namespace plelab
