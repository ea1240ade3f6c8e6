// Every token gets the row of another one, as it is.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "model/ple/ple_source.h"

namespace plelab {

struct ShuffledOptions {
  int64_t seed = 0;
};

// A permutation of the table's rows, the same at every call: rows keep their statistics and lose their token.
class ShuffledPle : public PleWrapper {
 public:
  ShuffledPle(std::unique_ptr<PleSource> over, int64_t seed);
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;

 private:
  std::vector<int32_t> row_of_;  // [vocab]
};

// The row of the token before, in the order of the ids given to Begin, from one request to the next; the
// first token of a sequence gets its own.  A sequence starts with the source and at StartSequence.  The ids
// of a batch follow each other like those of one sequence, so only a batch of 1 means anything: configs
// refuse others.
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
