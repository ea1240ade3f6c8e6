#include "model/weights/random_weights.h"

#include <ATen/Parallel.h>

#include <algorithm>

#include "model/base/error.h"
#include "model/weights/random_tensor.h"
#include "model/weights/torch_dtype.h"

namespace plelab {
namespace {

// Elements drawn at a time, so that a large tensor does not exist a second time in float32.
constexpr int64_t kPiece = 1 << 20;

}  // namespace

FillWithRandom::FillWithRandom(uint64_t seed, DType dtype) : seed_(seed), dtype_(dtype) {
  if (dtype == DType::kFloat32 || dtype == DType::kBFloat16) return;
  throw UserError("dtype {}: expected float32 or bfloat16", Name(dtype));
}

torch::Tensor FillWithRandom::Draw(const TensorSpec& spec) const {
  const torch::Tensor values = torch::empty(spec.shape, TorchType(dtype_));
  const RandomTensor random(seed_, spec);
  const int64_t elements = spec.elements(), pieces = (elements + kPiece - 1) / kPiece;
  at::parallel_for(0, pieces, 1, [&](int64_t begin, int64_t end) {
    for (int64_t first = begin * kPiece; first < std::min(end * kPiece, elements); first += kPiece) {
      const auto count = static_cast<size_t>(std::min(kPiece, elements - first));
      if (dtype_ == DType::kFloat32) {
        random.Fill(first, {values.data_ptr<float>() + first, count});
      } else {
        auto* bits = reinterpret_cast<uint16_t*>(values.data_ptr<at::BFloat16>());
        random.FillBFloat16(first, {bits + first, count});
      }
    }
  });
  return values;
}

void FillWithRandom::operator()(const TensorSpec& spec, torch::Tensor& field) const {
  if (spec.group != ParameterGroup::kUnusedKv) field = Draw(spec);
}

void FillWithRandom::operator()(const TensorSpec& spec, LinearWeight& field) const {
  if (spec.group == ParameterGroup::kUnusedKv) return;
  const torch::Tensor values = Draw(spec);
  field.values = field.layout == WeightLayout::kTransposed ? values.t().contiguous() : values;
  field.format = dtype_ == DType::kFloat32 ? WeightFormat::kFloat32 : WeightFormat::kBFloat16;
  field.out = spec.shape[0];
  field.in = spec.shape[1];
}

}  // namespace plelab
