// Changes the values of rows on their way out of any source.
#pragma once

#include <memory>
#include <span>

#include "model/ple/ple_source.h"

namespace plelab {

// Computes in float32; the result is rounded to the table's dtype once.  Thread-safe.
class RowTransform {
 public:
  virtual ~RowTransform() = default;
  // False: the layer's rows pass as they are, bit for bit.
  virtual bool Changes(int64_t /*layer*/) const { return true; }
  // rows [n]: which rows of the table these are; values [n, dim]: those of `layer`, changed in place.
  virtual void Apply(int64_t layer, std::span<const int64_t> rows, std::span<float> values) const = 0;
};

class TransformedPle : public PleWrapper {
 public:
  TransformedPle(std::unique_ptr<PleSource> over, std::unique_ptr<RowTransform> transform)
      : PleWrapper(std::move(over)), transform_(std::move(transform)) {}

  // Each layer is changed when it is first asked.
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override;

 private:
  std::unique_ptr<RowTransform> transform_;
};

}  // namespace plelab
