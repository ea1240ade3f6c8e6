// Which sources the numbers come from.
#pragma once

#include <string>

namespace plelab {

struct SourceState {
  std::string commit = "unknown";
  // "clean", or SHA-256 of `git diff HEAD` and of the untracked files: equal when the sources are.
  std::string dirty_hash = "unknown";
};

// Of the repository whose top `folder` is, now; unknown without git or repository.
SourceState ReadSourceState(const std::string& folder);
// Of the repository that this program was built from, when it was built.
SourceState BuiltSourceState();

}  // namespace plelab
