#include "experiments/commands/pilot_run.h"

#include <unistd.h>

#include <filesystem>

#include "harness/support/interrupt.h"
#include "model/base/error.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

// A folder of this process, removed at the end.
class PilotFolder {
 public:
  PilotFolder() : path_(fs::temp_directory_path() / Format("plelab-pilot-{}", ::getpid())) {
    fs::create_directories(path_);
  }
  ~PilotFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  PilotFolder(const PilotFolder&) = delete;
  PilotFolder& operator=(const PilotFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

}  // namespace

EarlierRun RunPilot(const Experiment& experiment, const ExperimentConfig& config, bool allow_debug) {
  if (!fs::is_directory(config.model.checkpoint)) {
    throw UserError(
        "--pilot: the checkpoint {} does not exist yet; write it first with plelab synth --shape {} --out {}",
        config.model.checkpoint, config.model.synth, config.model.checkpoint);
  }
  const InterruptGuard guard;
  const PilotFolder folder;
  RunOptions options;
  options.out = (folder.path() / "pilot.h5").string();
  options.temporary = true;
  options.allow_debug = allow_debug;
  return {"a pilot", experiment.run(PilotOf(config), options).record};
}

}  // namespace plelab
