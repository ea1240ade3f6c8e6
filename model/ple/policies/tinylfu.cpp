#include "model/ple/policies/tinylfu.h"

#include <algorithm>

namespace plelab {

TinyLfuPolicy::TinyLfuPolicy(int64_t capacity)
    : EvictionPolicy(capacity),
      window_capacity_(std::max<int64_t>(1, capacity / 100)),
      protected_capacity_((capacity - window_capacity_) * 4 / 5),
      links_(capacity),
      window_(links_),
      probation_(links_),
      protected_(links_),
      segment_(capacity),
      asked_(std::max<int64_t>(1, capacity)) {}

void TinyLfuPolicy::Used(int32_t slot) {
  asked_.Add(RowIn(slot));
  const Segment segment = segment_[slot];
  Move(slot, segment == Segment::kWindow ? Segment::kWindow : Segment::kProtected);
  if (protected_.size() > protected_capacity_) Move(protected_.oldest(), Segment::kProbation);
}

int32_t TinyLfuPolicy::ChooseVictim(int64_t) {
  const int32_t candidate = window_.oldest();
  const int32_t in_main = probation_.size() > 0 ? probation_.oldest() : protected_.oldest();
  if (in_main == kNone || asked_.Estimate(RowIn(candidate)) <= asked_.Estimate(RowIn(in_main))) {
    return window_.PopOldest();
  }
  QueueOf(segment_[in_main]).Remove(in_main);
  Move(candidate, Segment::kProbation);
  return in_main;
}

void TinyLfuPolicy::Entered(int32_t slot) {
  segment_[slot] = Segment::kWindow;
  window_.PushNewest(slot);
  if (window_.size() > window_capacity_) Move(window_.oldest(), Segment::kProbation);
}

SlotQueue& TinyLfuPolicy::QueueOf(Segment segment) {
  if (segment == Segment::kWindow) return window_;
  return segment == Segment::kProbation ? probation_ : protected_;
}

void TinyLfuPolicy::Move(int32_t slot, Segment to) {
  QueueOf(segment_[slot]).Remove(slot);
  segment_[slot] = to;
  QueueOf(to).PushNewest(slot);
}

}  // namespace plelab
