// The parts of a decode step, and an interface for learning when each of them ends.  Without an observer
// (nullptr) it costs nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace plelab {

enum class StepPart {
  kInput,      // the embedding, the AltUp streams made of it, its projection to the input of every layer
  kAttention,  // with the first product of LAuReL, which is made together with the queries
  kLaurel,     // the second product of LAuReL, and the mix of both with the active stream
  kFfn,
  kAltUp,   // predicting and correcting the streams in each layer, and merging them after the last one
  kPle,     // the per-layer input, from when its row is asked for until it is added to the streams
  kLogits,  // the last norm, the product with the head, the softcap
  kCount    // the number of parts, not a part
};
inline constexpr size_t kStepParts = static_cast<size_t>(StepPart::kCount);
std::string_view Name(StepPart part);

// A value for each part.
template <class T>
struct ByStepPart {
  std::array<T, kStepParts> values = {};
  T& operator[](StepPart part) { return values[static_cast<size_t>(part)]; }
  const T& operator[](StepPart part) const { return values[static_cast<size_t>(part)]; }
  bool operator==(const ByStepPart&) const = default;
};

inline constexpr int64_t kNoLayer = -1;  // of a part that belongs to no layer

// Called in a decode step without gradients, but not in the full forward pass, whenever a part ends.  The
// next part begins there, and the first one with the step.  Parts of a layer come in the order attention,
// LAuReL, FFN, PLE, with AltUp before attention and after the FFN.
class StepObserver {
 public:
  virtual ~StepObserver() = default;
  // layer: the position in the layer list, or kNoLayer.
  virtual void EndPart(StepPart part, int64_t layer) = 0;
};

}  // namespace plelab
