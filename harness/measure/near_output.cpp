#include "harness/measure/near_output.h"

#include "model/base/format.h"

namespace plelab {

namespace {

double LargestDifference(const torch::Tensor& logits, const torch::Tensor& reference) {
  return (logits - reference).abs().max().item<double>() / reference.abs().max().item<double>();
}

double RmsDifference(const torch::Tensor& logits, const torch::Tensor& reference) {
  const auto rms = [](const torch::Tensor& x) { return x.to(torch::kFloat64).square().mean().sqrt(); };
  return (rms(logits - reference) / rms(reference)).item<double>();
}

}  // namespace

DType CoarsestDType(const Gemma3n& model) {
  return model.cache_dtype() == DType::kInt8 ? DType::kInt8 : model.dtype();
}

std::string FarFrom(const torch::Tensor& logits, const torch::Tensor& reference, DType dtype,
                    const std::string& where, const std::string& reference_name) {
  const bool exact = dtype == DType::kFloat32;
  const double difference = exact ? LargestDifference(logits, reference) : RmsDifference(logits, reference);
  const double bound = exact ? kFoldedBound : kFoldedBoundBFloat16;
  if (difference <= bound) return "";  // false for NaN, which counts as too large
  return Format(
      "{}: its logits differ from those of '{}' by {:.2g} of {}, at most {:.1g} may be rounding in {}; its "
      "figures are not kept",
      where, reference_name, difference, exact ? "the largest" : "their root mean square", bound,
      Name(dtype));
}

}  // namespace plelab
