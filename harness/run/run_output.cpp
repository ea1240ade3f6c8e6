#include "harness/run/run_output.h"

#include <algorithm>
#include <ctime>
#include <filesystem>

#include "harness/record/recorder.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  char text[32];
  std::strftime(text, sizeof text, "%Y%m%dT%H%M%SZ", &utc);
  return text;
}

// True for <name>_<UTC>.h5.parts.  The name of another config may begin with this one's.
bool IsPartsOf(const std::string& file, const std::string& name) {
  const std::string end = "_" + UtcNow() + ".h5.parts";
  return file.starts_with(name + "_") && file.ends_with("Z.h5.parts") &&
         file.size() == name.size() + end.size();
}

// The newest results/<name>_<UTC>.h5 whose parts still exist.  The names sort by time.
std::string NewestUnfinished(const std::string& name) {
  std::string newest;
  if (fs::is_directory("results")) {
    for (const auto& entry : fs::directory_iterator("results")) {
      const std::string file = entry.path().filename().string();
      if (!IsPartsOf(file, name)) continue;
      newest = std::max(newest, "results/" + file.substr(0, file.rfind(".parts")));
    }
  }
  if (newest.empty()) {
    throw UserError("results/: no unfinished run of '{}' to resume; name its result with --out", name);
  }
  return newest;
}

std::string ResultPath(const ExperimentConfig& config, const RunOptions& options) {
  if (!options.out.empty()) return options.out;
  if (options.resume) return NewestUnfinished(config.name);
  return Format("results/{}_{}.h5", config.name, UtcNow());
}

// A name beside `path` that no file has: PATH.new, PATH.new2, …
std::string FreeNameBeside(const std::string& path) {
  std::string name = path + ".new";
  for (int64_t n = 2; fs::exists(fs::symlink_status(name)); ++n) name = Format("{}.new{}", path, n);
  return name;
}

}  // namespace

RunOutput::RunOutput(const ExperimentConfig& config, const RunOptions& options)
    : path_(ResultPath(config, options)), force_(options.force) {
  lock_.emplace(path_);
  RequireFree(path_, options);
  if (!options.timeline.empty()) RequireWritable(options.timeline);
}

void RunOutput::Write(const Record& record) const { WriteNewRecord(path_, record, force_); }

void WriteNewRecord(const std::string& path, const Record& record, bool force) {
  if (force) return WriteRecord(path, record);
  const std::string beside = FreeNameBeside(path);
  WriteRecord(beside, record);
  RenameToNew(beside, path);
}

void RequireFree(const std::string& path, const RunOptions& options) {
  RefuseSpecialOutput(path);
  if (!fs::exists(path) || options.force) return;
  throw UserError("{}: exists; name another file with --out, or replace it with --force", path);
}

}  // namespace plelab
