// Ctrl-C takes effect between two steps: what must not stay is removed, finished work is kept, and a run says
// how to continue.
#pragma once

#include "model/base/error.h"

namespace plelab {

class Interrupted : public RunError {
 public:
  Interrupted() : RunError("interrupted") {}
};

// While an object lives, SIGINT, SIGTERM and SIGHUP set a flag instead of ending the process; a second signal
// ends it at once.  Every command that writes files holds one.  Guards may be nested; only the main thread
// makes them.
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;
};

bool IsInterrupted();
// Throws Interrupted if a signal has arrived while a guard lives.  Progress::Update calls it too, so that
// everything that takes long can be stopped.
void ThrowIfInterrupted();

}  // namespace plelab
