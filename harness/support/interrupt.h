// Ctrl-C takes effect between two steps: finished work is kept, and the run says how to continue.
#pragma once

#include "model/base/error.h"

namespace plelab {

class Interrupted : public RunError {
 public:
  Interrupted() : RunError("interrupted") {}
};

// While an object lives, SIGINT and SIGTERM set a flag instead of ending the process; a second signal ends it
// at once.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

bool IsInterrupted();
// Throws Interrupted if a signal has arrived.
void ThrowIfInterrupted();

}  // namespace plelab
