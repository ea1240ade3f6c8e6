// The finished per-layer input of every text token, read in place of the row: no projection is computed.
#pragma once

#include <memory>

#include "model/ple/ple_source.h"

namespace plelab {

// A table of finished inputs for a PLE table of `rows`: as many values, float32 (a bfloat16 table would round
// them once more than the model does).
inline PleGeometry FoldedGeometry(PleGeometry rows) {
  rows.dtype = DType::kFloat32;
  return rows;
}

// A request whose ids all have a finished input is kFolded.  Images and audio come as soft tokens, whose
// projection is of what a tower made of them: a request that holds an id beyond the folded table falls back,
// whole, to rows of the PLE table.
class FoldedPle : public PleSource {
 public:
  // folded: finished inputs of ids 0 … vocab − 1, in float32; rows: the checkpoint's own table.
  FoldedPle(std::unique_ptr<PleSource> folded, std::unique_ptr<PleSource> rows)
      : folded_(std::move(folded)), rows_(std::move(rows)) {}

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;
  PleStats stats() const override { return folded_->stats() + rows_->stats(); }
  const PleGeometry& geometry() const override { return folded_->geometry(); }
  int64_t fast_bytes() const override { return folded_->fast_bytes() + rows_->fast_bytes(); }
  bool keeps_state() const override { return folded_->keeps_state(); }
  int64_t threads() const override { return folded_->threads() + rows_->threads(); }

 private:
  std::unique_ptr<PleSource> folded_, rows_;
};

}  // namespace plelab
