// Changes the values of the rows that any source returns.
#pragma once

#include <memory>
#include <span>

#include "model/ple/ple_source.h"

namespace plelab {

// A change to the values of rows.  Apply computes in float32; its result is rounded to the table's dtype
// once.  Thread-safe.
class RowTransform {
 public:
  virtual ~RowTransform() = default;
  // Returns false for a layer whose rows pass unchanged, bit for bit.
  virtual bool Changes(int64_t /*layer*/) const { return true; }
  // Changes `values` [n, dim] of `layer` in place; `rows` [n] are their row numbers in the table.
  virtual void Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const = 0;
};

class TransformedPle : public PleWrapper {
 public:
  TransformedPle(std::unique_ptr<PleSource> over, std::unique_ptr<RowTransform> transform)
      : PleWrapper(std::move(over)), transform_(std::move(transform)) {}

  // A layer is changed when it is first requested.
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;
  const RowCodec* codec() const override { return nullptr; }  // changed rows are no longer as stored

 private:
  std::unique_ptr<RowTransform> transform_;
};

}  // namespace plelab
