#include "model/training/head_loss.h"

#include <ATen/ops/linear.h>
#include <ATen/ops/mm.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "model/kernels/parallel.h"
#include "model/kernels/training_math.h"
#include "model/ops/ops.h"

namespace plelab {
namespace {

// How many logits are computed at a time: 4 MiB of float32, which stay in the cache.
constexpr int64_t kLogitsAtOnce = int64_t{1} << 20;

ElementType ElementTypeOf(const torch::Tensor& x) {
  return x.scalar_type() == torch::kBFloat16 ? ElementType::kBFloat16 : ElementType::kFloat32;
}

// Computes nats [m] from logits [m, vocab].  If a gradient is wanted, the gradient of their sum replaces the
// logits.
void ScoreRows(const torch::Tensor& logits, const int64_t* targets, double softcap, bool with_gradient,
               float* nats) {
  const int64_t vocab = logits.size(1);
  const ElementType type = ElementTypeOf(logits);
  ParallelFor(0, logits.size(0), 1, [&](int64_t begin, int64_t end) {
    std::vector<float> scratch(static_cast<size_t>(2 * vocab));
    for (int64_t row = begin; row < end; ++row) {
      torch::Tensor one = logits[row];
      nats[row] = 0;
      if (targets[row] == kNotScored) {
        if (with_gradient) one.zero_();
        continue;
      }
      nats[row] = SoftcapCrossEntropy(one.data_ptr(), type, vocab, static_cast<float>(softcap), targets[row],
                                      with_gradient, scratch.data());
    }
  });
}

// Calls f(first row, m rows of hidden, their logits [m, vocab] with or without gradient, nats [m]).
template <class F>
void ForEachSlice(const torch::Tensor& hidden, const torch::Tensor& head, double softcap,
                  const torch::Tensor& targets, bool with_gradient, F f) {
  const int64_t rows = std::max<int64_t>(kLogitsAtOnce / head.size(0), 16);
  const torch::Tensor ids = targets.contiguous(), nats = torch::empty({hidden.size(0)}, torch::kFloat32);
  for (int64_t from = 0; from < hidden.size(0); from += rows) {
    const int64_t m = std::min(rows, hidden.size(0) - from);
    const torch::Tensor some = hidden.narrow(0, from, m);
    const torch::Tensor logits = at::linear(some, head);
    const torch::Tensor scored = nats.narrow(0, from, m);
    ScoreRows(logits, ids.const_data_ptr<int64_t>() + from, softcap, with_gradient, scored.data_ptr<float>());
    f(from, some, logits, scored);
  }
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

class HeadLossFunction : public torch::autograd::Function<HeadLossFunction> {
 public:
  static torch::Tensor forward(AutogradContext* ctx, const torch::Tensor& hidden, const torch::Tensor& head,
                               const torch::Tensor& targets, double softcap, torch::ScalarType type) {
    const torch::Tensor x = hidden.to(type), w = head.to(type);
    const torch::Tensor hidden_gradient = torch::empty_like(hidden);
    torch::Tensor head_gradient = torch::zeros_like(head);
    double total = 0;
    ForEachSlice(x, w, softcap, targets, /*with_gradient=*/true,
                 [&](int64_t from, const torch::Tensor& some, const torch::Tensor& gradient,
                     const torch::Tensor& nats) {
                   total += nats.sum(torch::kFloat64).item<double>();
                   hidden_gradient.narrow(0, from, some.size(0)).copy_(at::mm(gradient, w));
                   head_gradient += at::mm(gradient.t(), some);
                 });
    ctx->save_for_backward({hidden_gradient, head_gradient});
    return torch::scalar_tensor(total, hidden.options());
  }

  static variable_list backward(AutogradContext* ctx, variable_list outputs) {
    const variable_list saved = ctx->get_saved_variables();
    return {saved[0] * outputs[0], saved[1] * outputs[0], {}, {}, {}};
  }
};

}  // namespace

torch::Tensor HeadLoss(const torch::Tensor& hidden, const LinearWeight& head, double softcap,
                       const torch::Tensor& targets) {
  if (!torch::GradMode::is_enabled()) return HeadNats(hidden, head, softcap, targets).sum();
  return HeadLossFunction::apply(hidden, head.values, targets, softcap, ProductType(head, torch::kCPU));
}

torch::Tensor HeadNats(const torch::Tensor& hidden, const LinearWeight& head, double softcap,
                       const torch::Tensor& targets) {
  const at::NoGradGuard no_grad;
  std::vector<torch::Tensor> nats;
  ForEachSlice(hidden.to(torch::kFloat32), head.values.to(torch::kFloat32), softcap, targets,
               /*with_gradient=*/false,
               [&](int64_t, const torch::Tensor&, const torch::Tensor&, const torch::Tensor& scored) {
                 nats.push_back(scored);
               });
  return torch::cat(nats);
}

}  // namespace plelab
