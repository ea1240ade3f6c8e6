#include "model/io/error.h"
#include "model/random_tensor.h"
#include "model/torch_dtype.h"
#include "model/weight_lists.h"
#include "model/weights.h"

namespace plelab {
namespace {

torch::Tensor Draw(const TensorSpec& spec, uint64_t seed, DType dtype) {
  torch::Tensor values = torch::empty(spec.shape, torch::kFloat32);
  const RandomTensor random(seed, spec);
  random.Fill(0, {values.data_ptr<float>(), static_cast<size_t>(values.numel())});
  return values.to(TorchType(dtype));
}

struct FillWithRandom {
  uint64_t seed;
  DType dtype;

  void operator()(const TensorSpec& spec, torch::Tensor& field) const {
    if (spec.group != ParameterGroup::kUnusedKv) field = Draw(spec, seed, dtype);
  }
  void operator()(const TensorSpec& spec, LinearWeight& field) const {
    if (spec.group == ParameterGroup::kUnusedKv) return;
    const torch::Tensor values = Draw(spec, seed, dtype);
    field.values = field.layout == WeightLayout::kTransposed ? values.t().contiguous() : values;
    field.format = dtype == DType::kFloat32 ? WeightFormat::kFloat32 : WeightFormat::kBFloat16;
    field.out = spec.shape[0];
    field.in = spec.shape[1];
  }
};

}  // namespace

TextWeights RandomTextWeights(const TextConfig& config, int64_t seed, DType dtype) {
  if (dtype != DType::kFloat32 && dtype != DType::kBFloat16) {
    throw UserError("dtype {}: expected float32 or bfloat16", Name(dtype));
  }
  TextWeights weights = EmptyTextWeights(config);
  ForEachTensor("model.", config, weights, FillWithRandom{static_cast<uint64_t>(seed), dtype});
  return weights;
}

}  // namespace plelab
