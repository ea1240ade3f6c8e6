#include "model/ops/fused_ops.h"

#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "model/kernels/parallel.h"
#include "model/kernels/training_math.h"
#include "model/kernels/vector_math.h"
#include "model/ops/ops.h"

namespace plelab {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Function;
using torch::autograd::variable_list;

// A tensor [..., n] as rows: a view when the rows are equally far apart, else a copy.
class RowsOf {
 public:
  explicit RowsOf(const torch::Tensor& x) : kept_(IsStrided(x) ? x : x.contiguous()) {
    const bool flat = kept_.is_contiguous();
    n = kept_.size(-1);
    count = n == 0 ? 0 : kept_.numel() / n;
    stride_ = flat ? n : kept_.stride(-2);
    data_ = kept_.data_ptr<float>();
  }
  const float* operator[](int64_t row) const { return data_ + row * stride_; }
  float* at(int64_t row) const { return data_ + row * stride_; }
  int64_t n = 0, count = 0;

 private:
  // True if all leading dimensions can be merged into one with equal steps.
  static bool IsStrided(const torch::Tensor& x) {
    if (x.is_contiguous()) return true;
    if (x.dim() < 2 || x.stride(-1) != 1) return false;
    for (int64_t d = x.dim() - 3; d >= 0; --d) {
      if (x.stride(d) != x.stride(d + 1) * x.size(d + 1)) return false;
    }
    return true;
  }
  torch::Tensor kept_;
  float* data_ = nullptr;
  int64_t stride_ = 0;
};

// The rows of each stream.
class StreamRows {
 public:
  explicit StreamRows(const variable_list& streams) {
    for (const torch::Tensor& stream : streams) rows_.emplace_back(stream);
  }
  int64_t count() const { return rows_.front().count; }
  int64_t n() const { return rows_.front().n; }
  std::array<const float*, kMaxMixedStreams> operator[](int64_t row) const {
    std::array<const float*, kMaxMixedStreams> pointers{};
    for (size_t i = 0; i < rows_.size(); ++i) pointers[i] = rows_[i][row];
    return pointers;
  }
  std::array<float*, kMaxMixedStreams> at(int64_t row) const {
    std::array<float*, kMaxMixedStreams> pointers{};
    for (size_t i = 0; i < rows_.size(); ++i) pointers[i] = rows_[i].at(row);
    return pointers;
  }

 private:
  std::vector<RowsOf> rows_;
};

int64_t Bytes(int64_t floats) { return floats * static_cast<int64_t>(sizeof(float)); }

torch::Tensor EmptyLike(const torch::Tensor& x) { return torch::empty(x.sizes(), x.options()); }
variable_list EmptyLike(const variable_list& tensors) {
  variable_list empty;
  for (const torch::Tensor& x : tensors) empty.push_back(EmptyLike(x));
  return empty;
}

class RmsNormFunction : public Function<RmsNormFunction> {
 public:
  static torch::Tensor forward(AutogradContext* ctx, const torch::Tensor& x,
                               const std::optional<torch::Tensor>& scale, double eps) {
    const torch::Tensor weight = scale.value_or(torch::Tensor());
    ctx->save_for_backward({x, weight});
    ctx->saved_data["eps"] = eps;
    const torch::Tensor y = EmptyLike(x);
    const RowsOf in(x), out(y);
    const float* w = weight.defined() ? weight.const_data_ptr<float>() : nullptr;
    ParallelRows(in.count, Bytes(2 * in.n),
                 [&](int64_t row) { RmsNormRow(in[row], w, in.n, static_cast<float>(eps), out.at(row)); });
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list outputs) {
    const variable_list saved = ctx->get_saved_variables();
    const torch::Tensor& weight = saved[1];
    const torch::Tensor dx = EmptyLike(saved[0]);
    const RowsOf x(saved[0]), dy(outputs[0]), out(dx);
    const auto eps = static_cast<float>(ctx->saved_data["eps"].toDouble());
    const float* w = weight.defined() ? weight.const_data_ptr<float>() : nullptr;
    // Shares have a fixed size and are summed in order, so that the sum does not depend on which thread takes
    // which share.
    const int64_t share = 256, shares = (x.count + share - 1) / share;
    const torch::Tensor partial = torch::zeros({weight.defined() ? shares : 0, x.n}, dx.options());
    ParallelFor(0, shares, 1, [&](int64_t begin, int64_t end) {
      for (int64_t s = begin; s < end; ++s) {
        float* dw = weight.defined() ? partial.data_ptr<float>() + s * x.n : nullptr;
        for (int64_t row = s * share; row < std::min((s + 1) * share, x.count); ++row) {
          RmsNormGradient(x[row], w, x.n, eps, dy[row], out.at(row), dw);
        }
      }
    });
    return {dx, weight.defined() ? partial.sum(0) : torch::Tensor(), {}};
  }
};

class GatedGeluFunction : public Function<GatedGeluFunction> {
 public:
  static torch::Tensor forward(AutogradContext* ctx, const torch::Tensor& gate, const torch::Tensor& up,
                               double sparsity) {
    const GatedGeluKind kind = KindOf(sparsity);
    ctx->save_for_backward({gate, up});
    ctx->saved_data["sparsity"] = sparsity;
    const torch::Tensor y = EmptyLike(gate);
    const RowsOf g(gate), u(up), out(y);
    ParallelRows(g.count, Bytes(3 * g.n),
                 [&](int64_t row) { GatedGeluForward(g[row], u[row], g.n, kind, out.at(row)); });
    return y;
  }

  static variable_list backward(AutogradContext* ctx, variable_list outputs) {
    const variable_list saved = ctx->get_saved_variables();
    const GatedGeluKind kind = KindOf(ctx->saved_data["sparsity"].toDouble());
    const torch::Tensor dgate = EmptyLike(saved[0]), dup = EmptyLike(saved[1]);
    const RowsOf g(saved[0]), u(saved[1]), dy(outputs[0]), dg(dgate), du(dup);
    ParallelRows(g.count, Bytes(5 * g.n), [&](int64_t row) {
      GatedGeluGradient(g[row], u[row], g.n, kind, dy[row], dg.at(row), du.at(row));
    });
    return {dgate, dup, {}};
  }

 private:
  static GatedGeluKind KindOf(double sparsity) {
    if (sparsity <= 0) return {};
    return {true, static_cast<float>(NormalQuantile(sparsity))};
  }
};

class MixStreamsFunction : public Function<MixStreamsFunction> {
 public:
  // given: the streams, then coefs.
  static variable_list forward(AutogradContext* ctx, at::TensorList given) {
    variable_list arguments = given.vec();
    ctx->save_for_backward(arguments);
    const torch::Tensor coefs = arguments.back();
    arguments.pop_back();
    const variable_list mixed = EmptyLike(arguments);
    const StreamRows in(arguments), out(mixed);
    const RowsOf c(coefs);
    const auto count = std::ssize(arguments);
    ParallelRows(in.count(), Bytes(2 * count * in.n()),
                 [&](int64_t row) { MixStreams(in[row].data(), c[row], count, in.n(), out.at(row).data()); });
    return mixed;
  }

  static variable_list backward(AutogradContext* ctx, variable_list outputs) {
    variable_list streams = ctx->get_saved_variables();
    const torch::Tensor coefs = streams.back();
    streams.pop_back();
    const auto count = std::ssize(streams);
    variable_list gradients = EmptyLike(streams);
    const torch::Tensor dcoefs = EmptyLike(coefs);
    const StreamRows x(streams), dy(outputs), dx(gradients);
    const RowsOf c(coefs), dc(dcoefs);
    ParallelRows(x.count(), Bytes(3 * count * x.n()), [&](int64_t row) {
      MixStreamsGradient(x[row].data(), c[row], count, x.n(), dy[row].data(), dx.at(row).data(), dc.at(row));
    });
    gradients.push_back(dcoefs);
    return gradients;
  }
};

class AddInnovationFunction : public Function<AddInnovationFunction> {
 public:
  // given: the predictions, then activated, then coefs.
  static variable_list forward(AutogradContext* ctx, at::TensorList given, int64_t active) {
    variable_list arguments = given.vec();
    ctx->save_for_backward(arguments);
    ctx->saved_data["active"] = active;
    const RowsOf c(arguments.back()), activated(arguments[arguments.size() - 2]);
    arguments.resize(arguments.size() - 2);
    const variable_list corrected = EmptyLike(arguments);
    const StreamRows in(arguments), out(corrected);
    const auto count = std::ssize(arguments);
    ParallelRows(in.count(), Bytes(2 * count * in.n()), [&](int64_t row) {
      AddInnovation(in[row].data(), activated[row], c[row], count, active, in.n(), out.at(row).data());
    });
    return corrected;
  }

  static variable_list backward(AutogradContext* ctx, variable_list outputs) {
    variable_list streams = ctx->get_saved_variables();
    const int64_t active = ctx->saved_data["active"].toInt();
    const torch::Tensor coefs = streams.back(), activated = streams[streams.size() - 2];
    streams.resize(streams.size() - 2);
    const auto count = std::ssize(streams);
    variable_list gradients = EmptyLike(streams);
    const torch::Tensor dactivated = EmptyLike(activated), dcoefs = EmptyLike(coefs);
    const StreamRows x(streams), dy(outputs), dx(gradients);
    const RowsOf a(activated), c(coefs), da(dactivated), dc(dcoefs);
    ParallelRows(x.count(), Bytes(3 * count * x.n()), [&](int64_t row) {
      AddInnovationGradient(x[row].data(), a[row], c[row], count, active, x.n(), dy[row].data(),
                            dx.at(row).data(), da.at(row), dc.at(row));
    });
    gradients.push_back(dactivated);
    gradients.push_back(dcoefs);
    gradients.push_back({});  // for `active`
    return gradients;
  }
};

}  // namespace

bool CanFuse(const torch::Tensor& x) { return x.device().is_cpu() && x.scalar_type() == torch::kFloat32; }

torch::Tensor FusedRmsNorm(const torch::Tensor& x, const torch::Tensor& weight, double eps) {
  std::optional<torch::Tensor> scale;
  if (weight.defined()) scale = weight.to(torch::kFloat32).contiguous();
  return RmsNormFunction::apply(x, scale, eps);
}

torch::Tensor FusedGatedGelu(const torch::Tensor& gate, const torch::Tensor& up, double sparsity) {
  return GatedGeluFunction::apply(gate, up, sparsity);
}

std::vector<torch::Tensor> FusedMixStreams(const std::vector<torch::Tensor>& streams,
                                           const torch::Tensor& coefs) {
  variable_list arguments = streams;
  arguments.push_back(coefs);
  return MixStreamsFunction::apply(at::TensorList(arguments));
}

std::vector<torch::Tensor> FusedAddInnovation(const std::vector<torch::Tensor>& predictions,
                                              const torch::Tensor& activated, const torch::Tensor& coefs,
                                              int64_t active) {
  variable_list arguments = predictions;
  arguments.push_back(activated);
  arguments.push_back(coefs);
  return AddInnovationFunction::apply(at::TensorList(arguments), active);
}

}  // namespace plelab
