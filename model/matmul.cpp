#include "model/matmul.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/matmul.h>

#include "model/io/error.h"

namespace plelab {
namespace {

torch::Tensor AtenMatMul(const torch::Tensor& x, const LinearWeight& w) {
  const torch::Tensor values = w.values.to(x.scalar_type());
  return w.layout == WeightLayout::kRowMajor ? at::linear(x, values) : at::matmul(x, values);
}

}  // namespace

torch::Tensor MatMul(const torch::Tensor& x, const LinearWeight& w) {
  if (x.size(-1) != w.in) {
    throw RunError("MatMul: the input has {} features, the weight expects {}", x.size(-1), w.in);
  }
  return AtenMatMul(x, w);
}

}  // namespace plelab
