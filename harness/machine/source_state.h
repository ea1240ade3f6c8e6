// Which version of the sources produced the numbers.
#pragma once

#include <string>

namespace plelab {

struct SourceState {
  std::string commit = "unknown";
  // "clean", or the SHA-256 of `git diff HEAD` and of the untracked files.  Equal sources have equal hashes.
  std::string dirty_hash = "unknown";
};

// The present state of the repository whose top folder is `folder`; unknown without git or a repository.
SourceState ReadSourceState(const std::string& folder);
// The state, at build time, of the repository that this program was built from.
SourceState BuiltSourceState();

}  // namespace plelab
