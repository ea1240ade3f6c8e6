// Which core a thread runs on (`model.pin`).
#pragma once

#include <sched.h>

#include <cstdint>

#include "harness/machine/host_facts.h"

namespace plelab {

// Pins compute thread i, the calling thread being thread 0, to the i-th of the allowed cores.  They are the
// threads of LibTorch's pool; one that the pool starts later is pinned when it takes its first share of a
// kernel.  Throws UserError when there are fewer cores than `threads`.
void PinComputeThreads(int64_t threads);
// Lets compute threads run on every allowed core again.
void UnpinComputeThreads();

// While it lives, the calling thread runs on the cores that no compute thread is pinned to (on all of them
// where none is left), and so do the threads that it starts, for as long as they live: a thread inherits the
// cores of its creator.  Without pinned threads it changes nothing.
class OnHelperCores {
 public:
  OnHelperCores();
  ~OnHelperCores();
  OnHelperCores(const OnHelperCores&) = delete;
  OnHelperCores& operator=(const OnHelperCores&) = delete;

 private:
  bool moved_ = false;
  cpu_set_t before_ = {};
};

}  // namespace plelab
