// The strategy `folded`: the finished per-layer input of every text token is read in place of its row, so
// that the model computes no projection.
#pragma once

#include <memory>
#include <string>

#include "model/ple/ple_source.h"

namespace plelab {

// The geometry of finished inputs of the rows `rows`: the same shape in float32, because bfloat16 would round
// once more than the model does.
inline PleGeometry FoldedGeometry(PleGeometry rows) {
  rows.dtype = DType::kFloat32;
  return rows;
}

struct FoldedOptions {
  std::string file = "";  // where finished inputs are kept; empty: beside the checkpoint's own files
  TableCheck verify = TableCheck::kSampled;
};

// A request is kFolded when every id in it has a finished input.  Images and audio are soft tokens, whose
// projection depends on what a tower computed for them: a request with any id beyond the folded table falls
// back, as a whole, to rows of the PLE table.
class FoldedPle : public PleSource {
 public:
  // folded: a source of the finished inputs of ids 0 … vocab − 1, in float32; rows: a source of the
  // checkpoint's own table.
  FoldedPle(std::unique_ptr<PleSource> folded, std::unique_ptr<PleSource> rows)
      : folded_(std::move(folded)), rows_(std::move(rows)) {}

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;
  int64_t candidates() const override { return folded_->candidates(); }
  void Expect(std::span<const int64_t> ids) override { folded_->Expect(ids); }
  void StartSequence() override { folded_->StartSequence(); }
  PleStats stats() const override { return folded_->stats() + rows_->stats(); }
  const PleGeometry& geometry() const override { return folded_->geometry(); }
  int64_t fast_bytes() const override { return folded_->fast_bytes() + rows_->fast_bytes(); }
  int64_t held_bytes() const override { return folded_->held_bytes() + rows_->held_bytes(); }
  void ReleasePages() override {
    folded_->ReleasePages();
    rows_->ReleasePages();
  }
  void ObserveReads(ReadObserver* observer) override {
    folded_->ObserveReads(observer);
    rows_->ObserveReads(observer);
  }
  bool keeps_state() const override { return folded_->keeps_state(); }
  int64_t threads() const override { return folded_->threads() + rows_->threads(); }

 private:
  std::unique_ptr<PleSource> folded_, rows_;
};

}  // namespace plelab
