#include "harness/machine/source_state.h"

#include <filesystem>

#include "harness/support/process.h"
#include "harness/support/system_files.h"
#include "model/base/error.h"
#include "model/base/sha256.h"
#include "plelab_build_info.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;
constexpr double kTimeoutSeconds = 10;

ProcessResult Git(const std::string& folder, std::vector<std::string> arguments) {
  std::vector<std::string> command = {"git", "-C", folder};
  command.insert(command.end(), arguments.begin(), arguments.end());
  ProcessOptions options;
  options.timeout_s = kTimeoutSeconds;
  return RunProgram(command, options);
}

std::string FirstLine(const std::string& text) { return text.substr(0, text.find('\n')); }

// `folder` may lie in another project's repository (as in a build from an archive), which says nothing about
// ours.
bool IsTopOfRepository(const std::string& folder) {
  const ProcessResult top = Git(folder, {"rev-parse", "--show-toplevel"});
  std::error_code error;
  return top.ok() && fs::equivalent(FirstLine(top.output), folder, error);
}

std::string DirtyHash(const std::string& folder) {
  const ProcessResult changed = Git(folder, {"diff", "HEAD", "--binary", "--no-ext-diff", "--no-textconv"});
  const ProcessResult untracked = Git(folder, {"ls-files", "--others", "--exclude-standard"});
  if (!changed.ok() || !untracked.ok()) return "unknown";
  if (changed.output.empty() && untracked.output.empty()) return "clean";
  Sha256 hash;
  hash.Update(changed.output);
  for (const std::string& file : Lines(untracked.output)) {
    hash.Update(file);
    std::error_code error;
    if (fs::is_regular_file(folder + "/" + file, error)) hash.Update(Sha256OfFile(folder + "/" + file));
  }
  return hash.Hex();
}

}  // namespace

SourceState ReadSourceState(const std::string& folder) try {
  SourceState state;
  if (!IsTopOfRepository(folder)) return state;
  const ProcessResult commit = Git(folder, {"rev-parse", "HEAD"});
  if (!commit.ok()) return state;
  state.commit = FirstLine(commit.output);
  state.dirty_hash = DirtyHash(folder);
  return state;
} catch (const std::exception&) {  // a file vanished meanwhile, or no process could be created
  return {};
}

SourceState BuiltSourceState() { return {PLELAB_BUILD_COMMIT, PLELAB_BUILD_DIRTY_HASH}; }

}  // namespace plelab
