// The two kinds of error, which the command line tells apart by its exit code.
#pragma once

#include <stdexcept>
#include <utility>

#include "model/base/format.h"

namespace plelab {

// The user's mistake (exit code 2).  The message is one line: where, what was expected, what was found, what
// to do.
class UserError : public std::runtime_error {
 public:
  template <class... Args>
  explicit UserError(fmt::format_string<Args...> text, Args&&... args)
      : std::runtime_error(Format(text, std::forward<Args>(args)...)) {}
};

// A failure that is not the user's mistake (exit code 1): a broken disk, a full file system, a killed child
// process.
class RunError : public std::runtime_error {
 public:
  template <class... Args>
  explicit RunError(fmt::format_string<Args...> text, Args&&... args)
      : std::runtime_error(Format(text, std::forward<Args>(args)...)) {}
};

}  // namespace plelab
