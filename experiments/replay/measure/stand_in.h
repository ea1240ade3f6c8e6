// A stand-in for a model: as many cores as a model would use stream through memory, layer by layer.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "experiments/replay/measure/thread_team.h"
#include "model/base/anonymous_memory.h"

namespace plelab {

// A decode step is bound by the memory's bandwidth: it reads all weights once.  So the stand-in reads a fixed
// number of bytes in each layer, from a buffer that no cache holds.  The number is set so that a step takes
// the wanted time without PLE; from then on a step takes longer whenever something takes cores or bandwidth
// away from it, as a model's would.
class StandIn {
 public:
  // threads: ≥ 1, the caller's among them; layers: ≥ 1, equal parts of a step; buffer_bytes: of all threads
  // together, more than the last level of cache.
  StandIn(int64_t threads, int64_t layers, int64_t buffer_bytes);

  int64_t layers() const { return layers_; }
  int64_t threads() const { return team_.threads(); }
  // One layer: the next bytes_per_layer() of the buffer.
  void Layer();
  // Wakes the threads, so that the first layer of a step does not wait for them.
  void WakeUp();
  // Sets bytes_per_layer() so that a step of layers() layers takes `step_ns`, in about a second.  Returns the
  // time of a step in the last round, which is longer than step_ns where the threads cannot even meet so
  // often.  Both times are made of the lower quartile of layers' times: a busy machine only ever makes a
  // layer longer.
  double Calibrate(double step_ns);

  int64_t bytes_per_layer() const { return words_per_layer_ * 8 * threads(); }

 private:
  double QuietStepNs();
  void ReadShare(int64_t thread);

  int64_t layers_;
  ThreadTeam team_;
  AnonymousMemory buffer_;
  int64_t words_per_thread_;      // of the buffer
  int64_t words_per_layer_ = 64;  // that each thread reads
  struct alignas(64) Place {
    int64_t word = 0;  // the next one of the thread's part
    uint64_t sum = 0;  // of all that it has read, so that no compiler leaves the reads out
  };
  std::vector<Place> places_;  // [threads]
  std::function<void(int64_t)> read_share_;
};

}  // namespace plelab
