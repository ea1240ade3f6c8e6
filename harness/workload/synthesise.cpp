#include "harness/workload/synthesise.h"

#include <algorithm>
#include <filesystem>
#include <memory>

#include "harness/support/progress.h"
#include "harness/support/units.h"
#include "model/base/error.h"
#include "model/catalog/synth.h"
#include "model/checkpoint/config.h"
#include "model/checkpoint/embedded_shapes.h"

namespace plelab {
namespace fs = std::filesystem;

std::vector<std::string> CompanionsOfShape(const std::string& shape) {
  if (shape == "e2b" || shape == "e4b") return {};  // their vocabulary is not ours to ship
  // A shape that ships has them beside its file, in the project's root.
  const bool ships = std::ranges::count(EmbeddedShapes(), shape, &EmbeddedShape::name) > 0;
  const fs::path json = ships ? "configs/models/" + shape + ".json" : shape;
  std::vector<std::string> found;
  for (const char* name : {"tokenizer.model", "preprocessor_config.json"}) {
    for (const fs::path& folder : {json.parent_path() / json.stem(), json.parent_path()}) {
      if (!fs::exists(folder / name)) continue;
      found.push_back((folder / name).string());
      break;
    }
  }
  return found;
}

std::string TokenizerOfShape(const std::string& shape) {
  for (const std::string& file : CompanionsOfShape(shape)) {
    if (fs::path(file).filename() == "tokenizer.model") return file;
  }
  return "";
}

void SynthesiseIfMissing(const ModelSection& section) {
  if (section.synth.empty() || fs::exists(section.checkpoint + "/config.json")) return;
  SynthOptions options;
  options.seed = static_cast<uint64_t>(section.synth_seed);
  options.companions = CompanionsOfShape(section.synth);
  std::unique_ptr<Progress> bar;
  options.progress = [&](int64_t done, int64_t total) {
    if (!bar) bar = std::make_unique<Progress>("random weights for " + section.checkpoint, total);
    bar->Update(done, Format("{} of {}", ReadableBytes(done), ReadableBytes(total)));
  };
  WriteRandomCheckpoint(ShapeConfigJson(section.synth), section.checkpoint, options);
  if (bar) bar->Finish();
}

}  // namespace plelab
