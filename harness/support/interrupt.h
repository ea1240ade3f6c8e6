// Ctrl-C between two steps: what was finished stays, and the run says how to go on.
#pragma once

#include "model/base/error.h"

namespace plelab {

class Interrupted : public RunError {
 public:
  Interrupted() : RunError("interrupted") {}
};

// While it lives, SIGINT and SIGTERM set a flag instead of ending the process; a second signal ends it at
// once.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

bool IsInterrupted();
// Throws Interrupted once a signal came.
void ThrowIfInterrupted();

}  // namespace plelab
