#include "experiments/curves_result.h"

#include <filesystem>

#include "harness/recorder.h"
#include "model/checkpoint.h"

namespace plelab {
namespace fs = std::filesystem;

Gemma3nConfig ConfigOfShape(const std::string& shape) {
  if (fs::is_directory(shape)) return Checkpoint::Open(shape).config();
  return ParseConfig(ShapeConfigJson(shape), shape);
}

void WriteCurves(const RunResult& result) {
  const fs::path folder = fs::path(result.path).parent_path();
  if (!folder.empty()) fs::create_directories(folder);
  WriteRecord(result.path, result.record);
}

}  // namespace plelab
