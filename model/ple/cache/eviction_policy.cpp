#include "model/ple/cache/eviction_policy.h"

namespace plelab {

EvictionPolicy::EvictionPolicy(int64_t capacity) : capacity_(capacity) {}

int32_t EvictionPolicy::Find(int64_t row) const {
  const auto found = slot_of_row_.find(row);
  return found == slot_of_row_.end() ? kNone : found->second;
}

int32_t EvictionPolicy::Touch(int64_t row) {
  const int32_t slot = Find(row);
  if (slot == kNone) {
    Missed(row);
  } else {
    Used(slot);
  }
  return slot;
}

EvictionPolicy::Admission EvictionPolicy::Admit(int64_t row) {
  if (capacity_ == 0 || !Wants(row)) return {};
  Admission admission;
  if (held() < capacity_) {
    admission.slot = static_cast<int32_t>(row_of_slot_.size());
    row_of_slot_.push_back(row);
  } else {
    admission.slot = ChooseVictim(row);
    if (admission.slot == kNone) return {};
    admission.victim = row_of_slot_[admission.slot];
    slot_of_row_.erase(admission.victim);
    row_of_slot_[admission.slot] = row;
  }
  slot_of_row_[row] = admission.slot;
  Entered(admission.slot);
  return admission;
}

}  // namespace plelab
