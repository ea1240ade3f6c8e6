#include "harness/training/adamw.h"

#include <ATen/ops/_fused_adamw.h>
#include <ATen/ops/linalg_vector_norm.h>

#include <cmath>
#include <numbers>

#include "model/base/error.h"

namespace plelab {
namespace {

enum Kind { kMatrix, kVector, kTable };

Kind KindOf(const TensorSpec& spec) {
  if (spec.group == ParameterGroup::kTokenEmbedding || spec.group == ParameterGroup::kPleTable) return kTable;
  return spec.shape.size() == 1 ? kVector : kMatrix;
}

}  // namespace

double RateAt(const OptimizerSection& section, int64_t step, int64_t steps) {
  const double done = (static_cast<double>(step) + 1) / static_cast<double>(steps);
  if (done < section.warmup) return done / section.warmup;
  const double share = section.warmup >= 1 ? 1 : (done - section.warmup) / (1 - section.warmup);
  return section.final_lr + (1 - section.final_lr) * 0.5 * (1 + std::cos(std::numbers::pi * share));
}

AdamW::AdamW(std::vector<TrainedTensor> tensors, const OptimizerSection& section) : section_(section) {
  groups_[kMatrix].lr = groups_[kVector].lr = section.lr;
  groups_[kTable].lr = section.table_lr;
  groups_[kMatrix].weight_decay = section.weight_decay;
  for (TrainedTensor& tensor : tensors) {
    Group& group = groups_[KindOf(tensor.spec)];
    group.names.push_back(tensor.spec.name);
    group.values.push_back(tensor.values);
    group.mean.push_back(torch::zeros_like(tensor.values));
    group.square.push_back(torch::zeros_like(tensor.values));
    group.steps.push_back(torch::zeros({}, torch::kFloat32));
  }
}

double AdamW::GradientNorm() const {
  double sum = 0;
  for (const Group& group : groups_) {
    for (size_t i = 0; i < group.values.size(); ++i) {
      const torch::Tensor& gradient = group.values[i].grad();
      if (!gradient.defined()) throw RunError("{}: got no gradient", group.names[i]);
      const auto norm = at::linalg_vector_norm(gradient, 2).item<double>();
      sum += norm * norm;
    }
  }
  return std::sqrt(sum);
}

double AdamW::Step(double rate) {
  const at::NoGradGuard no_grad;
  const double norm = GradientNorm();
  if (!std::isfinite(norm)) {
    throw RunError("the gradients' norm is {}: the run diverged; try a lower optimizer.lr", norm);
  }
  std::optional<torch::Tensor> divisor;
  if (section_.clip > 0 && norm > section_.clip)
    divisor = torch::tensor({norm / section_.clip}, torch::kFloat32);
  for (Group& group : groups_) Update(group, rate, divisor);
  return norm;
}

void AdamW::Update(Group& group, double rate, const std::optional<torch::Tensor>& divisor) {
  if (group.values.empty()) return;
  std::vector<torch::Tensor> gradients;
  for (torch::Tensor& step : group.steps) step += 1;
  for (torch::Tensor& values : group.values) gradients.push_back(values.grad());
  at::_fused_adamw_(group.values, gradients, group.mean, group.square, {}, group.steps, group.lr * rate,
                    section_.beta1, section_.beta2, group.weight_decay, section_.eps, /*amsgrad=*/false,
                    /*maximize=*/false, divisor);
  for (torch::Tensor& values : group.values) values.mutable_grad() = torch::Tensor();
}

template <class F>
void AdamW::ForEachTensor(F f) const {
  for (const Group& group : groups_) {
    for (size_t i = 0; i < group.names.size(); ++i) {
      f("weight." + group.names[i], group.values[i]);
      f("mean." + group.names[i], group.mean[i]);
      f("square." + group.names[i], group.square[i]);
      f("steps." + group.names[i], group.steps[i]);
    }
  }
}

std::vector<NamedTensor> AdamW::State() const {
  std::vector<NamedTensor> state;
  ForEachTensor([&](const std::string& name, const torch::Tensor& tensor) {
    state.push_back({name, tensor});
  });
  return state;
}

void AdamW::Load(const TensorFile& state) {
  const at::NoGradGuard no_grad;
  ForEachTensor(
      [&](const std::string& name, torch::Tensor tensor) { tensor.copy_(state.Get(name, tensor)); });
}

}  // namespace plelab
