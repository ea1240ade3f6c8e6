// The transforms `shuffled` and `previous`: every token reads the unchanged row of another token.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "model/ple/ple_source.h"

namespace plelab {

struct ShuffledOptions {
  int64_t seed = 0;
};

// Permutes the rows of the table, in the same way at every call: the statistics of the rows stay, their
// relation to the token is lost.
class ShuffledPle : public PleWrapper {
 public:
  ShuffledPle(std::unique_ptr<PleSource> over, int64_t seed);
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;

 private:
  std::vector<int32_t> row_of_;  // [vocab]
};

// Every token reads the row of the token before it, in the order of the ids given to Begin, across requests;
// the first token of a sequence reads its own.  A sequence starts when the source is made and at
// StartSequence.  The ids of a batch are treated as those of one sequence, so the result is meaningful only
// for a batch of 1, and configs refuse any other.
class PreviousPle : public PleWrapper {
 public:
  using PleWrapper::PleWrapper;
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;
  void StartSequence() override;

 private:
  static constexpr int64_t kNoId = INT64_MIN;
  std::atomic<int64_t> last_ = kNoId;
};

}  // namespace plelab
