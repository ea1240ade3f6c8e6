#include "model/ple/transforms/other_tokens.h"

#include <numeric>

#include "model/base/random_bits.h"

namespace plelab {

ShuffledPle::ShuffledPle(std::unique_ptr<PleSource> over, int64_t seed) : PleWrapper(std::move(over)) {
  row_of_.resize(geometry().vocab);
  std::iota(row_of_.begin(), row_of_.end(), 0);
  const uint64_t key = MixBits(static_cast<uint64_t>(seed));
  Shuffle(row_of_, [key](uint64_t i) { return MixBits(key ^ i); });
}

std::unique_ptr<PleRequest> ShuffledPle::Begin(std::span<const int64_t> ids) {
  std::vector<int64_t> rows;
  rows.reserve(ids.size());
  for (int64_t id : ids) rows.push_back(row_of_[PleRowOfId(id, geometry().vocab)]);
  return over().Begin(rows);
}

std::unique_ptr<PleRequest> PreviousPle::Begin(std::span<const int64_t> ids) {
  if (ids.empty()) return over().Begin(ids);
  std::vector<int64_t> before(ids.begin(), ids.end() - 1);
  const int64_t last = last_.exchange(ids.back());
  before.insert(before.begin(), last == kNoId ? ids.front() : last);
  return over().Begin(before);
}

void PreviousPle::StartSequence() {
  last_ = kNoId;
  PleWrapper::StartSequence();
}

}  // namespace plelab
