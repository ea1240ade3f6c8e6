// CheckFilesExist: what a config names must be there before anything is loaded.
#include <fmt/format.h>

#include <filesystem>

#include "harness/experiment_config.h"
#include "model/io/error.h"

namespace plelab {
namespace {

std::string PlaceOf(const ExperimentConfig& config, const std::string& key) {
  const auto found = config.places.find(key);
  return found == config.places.end() ? config.name : found->second;
}

void CheckCheckpoint(const ExperimentConfig& config) {
  const ModelSection& model = config.model;
  if (model.checkpoint.empty() || !model.synth.empty() || std::filesystem::is_directory(model.checkpoint))
    return;
  throw UserError(
      "{}: 'checkpoint' in 'model': there is no folder '{}'; put the checkpoint there, or add 'synth: SHAPE' "
      "to write "
      "random weights",
      PlaceOf(config, "model.checkpoint"), model.checkpoint);
}

void CheckFile(const ExperimentConfig& config, const std::string& section, const std::string& key,
               const std::string& path) {
  if (path.empty() || std::filesystem::is_regular_file(path)) return;
  throw UserError("{}: '{}' in '{}': there is no file '{}' (paths are relative to the working directory, {})",
                  PlaceOf(config, section + "." + key), key, section, path,
                  std::filesystem::current_path().string());
}

void CheckTexts(const ExperimentConfig& config, const std::string& section, const std::string& text_file,
                const std::string& trace) {
  CheckFile(config, section, "text_file", text_file);
  CheckFile(config, section, "trace", trace);
}

void CheckWorkload(const ExperimentConfig& config, const std::string& section,
                   const WorkloadSection& workload) {
  CheckTexts(config, section, workload.text_file, workload.trace);
  for (const std::string& image : workload.images) CheckFile(config, section, "images", image);
  for (const std::string& clip : workload.audio) CheckFile(config, section, "audio", clip);
}

}  // namespace

void CheckFilesExist(const ExperimentConfig& config) {
  CheckCheckpoint(config);
  CheckWorkload(config, "workload", config.workload);
  CheckTexts(config, "accuracy", config.accuracy.text_file, config.accuracy.trace);
  CheckTexts(config, "locality", config.locality.text_file, config.locality.trace);
  for (const std::string& task : config.accuracy.tasks) CheckFile(config, "accuracy", "tasks", task);
  for (const VariantConfig& variant : config.variants) {
    CheckWorkload(config, fmt::format("variants[{}].workload", variant.name), variant.workload);
  }
}

}  // namespace plelab
