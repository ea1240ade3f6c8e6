#include "harness/workload/synthesise.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "harness/support/progress.h"
#include "model/base/error.h"
#include "model/catalog/synth.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/embedded_shapes.h"

namespace plelab {
namespace fs = std::filesystem;

std::vector<std::string> CompanionsOfShape(const std::string& shape) {
  if (shape == "e2b" || shape == "e4b") return {};  // their vocabulary is not ours to ship
  // A shape that ships has them beside its file, in the project's root.
  const bool ships = std::ranges::count(EmbeddedShapes(), shape, &EmbeddedShape::name) > 0;
  const fs::path json = ships ? "configs/models/" + shape + ".json" : shape;
  const std::array folders = {(json.parent_path() / json.stem()).string(), json.parent_path().string()};
  std::vector<std::string> found;
  for (const std::string& folder : folders) {
    if (!fs::exists(TokenizerFile(folder.empty() ? "." : folder))) continue;
    for (const char* name : {"tokenizer.model", "tokenizer.json", "tokenizer_config.json"}) {
      if (const fs::path file = fs::path(folder) / name; fs::exists(file)) found.push_back(file.string());
    }
    break;
  }
  for (const std::string& folder : folders) {
    const fs::path file = fs::path(folder) / "preprocessor_config.json";
    if (!fs::exists(file)) continue;
    found.push_back(file.string());
    break;
  }
  return found;
}

std::string TokenizerAmong(const std::vector<std::string>& companions) {
  for (const char* name : {"tokenizer.model", "tokenizer.json"}) {
    for (const std::string& file : companions) {
      if (fs::path(file).filename() == name) return file;
    }
  }
  return "";
}

std::string TokenizerOfShape(const std::string& shape) { return TokenizerAmong(CompanionsOfShape(shape)); }

void SynthesiseIfMissing(const ModelSection& section) {
  if (section.synth.empty() || fs::exists(section.checkpoint + "/config.json")) return;
  SynthOptions options;
  options.seed = static_cast<uint64_t>(section.synth_seed);
  options.companions = CompanionsOfShape(section.synth);
  options.progress = ProgressOfBytes("random weights for " + section.checkpoint);
  WriteRandomCheckpoint(ShapeConfigJson(section.synth), section.checkpoint, options);
}

}  // namespace plelab
