#include "model/training/trainee_weights.h"

#include "model/weights/random_tensor.h"

namespace plelab {

torch::Tensor InitialValues(const TensorSpec& spec, uint64_t seed) {
  if (spec.shape.size() == 1) return torch::ones(spec.shape);
  const torch::Tensor values = torch::empty(spec.shape);
  RandomTensor(seed, spec).Fill(0, {values.data_ptr<float>(), static_cast<size_t>(values.numel())});
  const bool is_table =
      spec.group == ParameterGroup::kPleTable || spec.group == ParameterGroup::kTokenEmbedding;
  if (is_table) values[kPaddingRow].zero_();
  return values;
}

void DescribeTrained(LinearWeight& field, const TensorSpec& spec, DType products) {
  field.format = products == DType::kBFloat16 ? WeightFormat::kBFloat16 : WeightFormat::kFloat32;
  field.layout = WeightLayout::kRowMajor;
  field.out = spec.shape[0];
  field.in = spec.shape[1];
}

}  // namespace plelab
