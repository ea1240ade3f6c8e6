#include "harness/training/training_cost.h"

#include <ATen/ops/mm.h>

#include <algorithm>

#include "harness/support/timer.h"

namespace plelab {
namespace {

constexpr int64_t kGemmSize = 2048;
constexpr int kGemmRounds = 8;

// The mean number of keys that a query sees in a window of `context` tokens.
double MeanKeys(LayerType type, int64_t context, int64_t sliding_window) {
  const auto n = static_cast<double>(context);
  const auto window = static_cast<double>(sliding_window);
  if (type == LayerType::kFull || window >= n) return (n + 1) / 2;
  return window - window * (window - 1) / (2 * n);
}

}  // namespace

ParameterTotals CountTrained(TextTrainee& trainee) {
  ParameterTotals totals;
  for (const TrainedTensor& tensor : TrainedTensors(trainee)) {
    totals.trained += tensor.values.numel();
    if (tensor.spec.group == ParameterGroup::kPleTable) totals.ple_table += tensor.values.numel();
  }
  return totals;
}

double FlopsPerToken(TextTrainee& trainee, int64_t context) {
  double flops = 0;
  const auto is_looked_up = [&](ParameterGroup group) {
    return group == ParameterGroup::kPleTable ||
           (group == ParameterGroup::kTokenEmbedding && trainee.text().own_head);
  };
  for (const TrainedTensor& tensor : TrainedTensors(trainee)) {
    const bool is_map = tensor.spec.shape.size() == 2 && !is_looked_up(tensor.spec.group);
    if (is_map) flops += 6 * static_cast<double>(tensor.values.numel());
  }
  const TextConfig& c = trainee.text();
  const auto width = static_cast<double>(c.num_attention_heads * c.head_dim);
  for (const LayerSpec& layer : trainee.layers) {
    flops += 12 * width * MeanKeys(layer.type, context, c.sliding_window);
  }
  return flops;
}

double MeasureGemmGflops() {
  const at::NoGradGuard no_grad;
  const torch::Tensor a = torch::full({kGemmSize, kGemmSize}, 0.5F), b = torch::full_like(a, 0.25F);
  torch::Tensor out = at::mm(a, b);
  double best = 0;
  for (int round = 0; round < kGemmRounds; ++round) {
    const Timer timer;
    at::mm_out(out, a, b);
    const auto n = static_cast<double>(kGemmSize);
    best = std::max(best, 2 * n * n * n / static_cast<double>(timer.ns()));
  }
  return best;
}

}  // namespace plelab
