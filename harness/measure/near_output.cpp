#include "harness/measure/near_output.h"

#include "model/base/format.h"

namespace plelab {

double LargestDifference(const torch::Tensor& logits, const torch::Tensor& reference) {
  return (logits - reference).abs().max().item<double>() / reference.abs().max().item<double>();
}

std::string FarFrom(const torch::Tensor& logits, const torch::Tensor& reference, const std::string& where,
                    const std::string& reference_name) {
  const double difference = LargestDifference(logits, reference);
  if (difference <= kFoldedBound) return "";  // false for NaN, which counts as too large
  return Format(
      "{}: its logits differ from those of '{}' by {:.2g} of the largest, at most {:.0e} may be "
      "rounding; its figures are not kept",
      where, reference_name, difference, kFoldedBound);
}

}  // namespace plelab
