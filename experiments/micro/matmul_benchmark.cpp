// MatMul compared with ATen, for one row and for a prompt: what the rules in model/ops/matmul.h gain on this
// machine.
#include <ATen/ops/full.h>
#include <ATen/ops/linear.h>
#include <benchmark/benchmark.h>

#include "model/ops/matmul.h"

namespace plelab::micro {
namespace {

constexpr int64_t kHidden = 2048, kFfn = 8192;

LinearWeight Weight(torch::ScalarType type) {
  const auto format = type == torch::kFloat32 ? WeightFormat::kFloat32 : WeightFormat::kBFloat16;
  return {at::full({kFfn, kHidden}, 0.5, type), format, WeightLayout::kRowMajor, kFfn, kHidden};
}

template <class F>
void TimeProduct(benchmark::State& state, const F& product) {
  const torch::NoGradGuard no_grad;
  const auto type = state.range(0) == 16 ? torch::kBFloat16 : torch::kFloat32;
  const torch::Tensor x = at::full({state.range(1), kHidden}, 0.25, type);
  const LinearWeight w = Weight(type);
  for (auto _ : state) benchmark::DoNotOptimize(product(x, w));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * w.nbytes());
  state.counters["FLOP/s"] = benchmark::Counter(2.0 * static_cast<double>(state.range(1) * kFfn * kHidden),
                                                benchmark::Counter::kIsIterationInvariantRate);
}

void BM_MatMul(benchmark::State& state) { TimeProduct(state, MatMul); }
void BM_AtenLinear(benchmark::State& state) {
  TimeProduct(state, [](const torch::Tensor& x, const LinearWeight& w) { return at::linear(x, w.values); });
}

void Sizes(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgNames({"bits", "rows"})->ArgsProduct({{16, 32}, {1, 8, 16, 128}})->UseRealTime();
}
BENCHMARK(BM_MatMul)->Apply(Sizes);
BENCHMARK(BM_AtenLinear)->Apply(Sizes);

}  // namespace
}  // namespace plelab::micro
