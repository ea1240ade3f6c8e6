// The strategy `speculative`: rows of the likeliest next tokens are read while the sampler still chooses.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "model/ple/ple_source.h"
#include "model/ple/sources/lookup_counts.h"

namespace plelab {

struct SpeculativeOptions {
  // How many ids of each sequence are read ahead of the choice, of which one is used at most.
  int64_t candidates = 4;
};

// An id is a hit when it was among the ids of the last Expect: its read began before Begin, though it need
// not have ended, and waits for the reads of all that were expected.  Other ids are read as the source below
// reads them.  What is read in vain shows in stats().bytes_asked.  A read of an expected row that fails is
// tried once more when the row is asked for, so that a row that nobody uses fails nothing.
class SpeculativePle : public PleWrapper {
 public:
  // REQUIRES candidates ≥ 1.
  SpeculativePle(std::unique_ptr<PleSource> over, int64_t candidates);

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;
  int64_t candidates() const override { return candidates_; }
  void Expect(std::span<const int64_t> ids) override;
  void StartSequence() override;
  PleStats stats() const override;  // the read counts are those of the source below
  // Of a single sequence.
  int64_t fast_bytes() const override { return candidates_ * row_bytes() + PleWrapper::fast_bytes(); }
  int64_t held_bytes() const override;
  bool keeps_state() const override { return true; }

 private:
  class Request;
  int64_t row_bytes() const { return geometry().layers * StoredSliceBytes(*this); }

  int64_t candidates_;
  std::vector<int64_t> expected_rows_;  // distinct
  std::shared_ptr<PleRequest> expected_;
  LookupCounts counted_;
};

}  // namespace plelab
