// A source around another one: overrides what it changes, passes on the rest.
#pragma once

#include <memory>
#include <utility>

#include "model/ple/ple_source.h"

namespace plelab {

class PleWrapper : public PleSource {
 public:
  explicit PleWrapper(std::unique_ptr<PleSource> over) : over_(std::move(over)) {}

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override { return over_->Begin(ids); }
  void StartSequence() override { over_->StartSequence(); }
  PleStats stats() const override { return over_->stats(); }
  const PleGeometry& geometry() const override { return over_->geometry(); }
  int64_t fast_bytes() const override { return over_->fast_bytes(); }
  bool keeps_state() const override { return over_->keeps_state(); }
  int64_t threads() const override { return over_->threads(); }

 protected:
  PleSource& over() { return *over_; }

 private:
  std::unique_ptr<PleSource> over_;
};

}  // namespace plelab
