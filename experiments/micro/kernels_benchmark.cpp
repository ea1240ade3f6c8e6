// Kernels with the shapes of an E2B decode step, in all formats.  Bytes are those of codes, without scales.
// After every iteration the raw read loop reads as many bytes, and its time is not counted: `raw` is its
// rate, and `of_raw` is the kernel's share of that rate, measured within the same seconds.
#include <benchmark/benchmark.h>

#include <vector>

#include "experiments/micro/weights_in_turn.h"
#include "model/kernels/products/matvec.h"
#include "model/kernels/products/row_sum.h"
#include "model/kernels/tiles/tile_product.h"
#include "model/kernels/vector_math.h"

namespace plelab::micro {
namespace {

constexpr int64_t kHidden = 2048, kFfn = 8192;

// Times `kernel`, which reads `bytes`, beside the read loop.
template <class F>
void TimeBesideRaw(benchmark::State& state, int64_t bytes, const F& kernel) {
  WeightsInTurn raw(bytes, 0.5);  // never what the kernel has just brought into a cache
  double kernel_seconds = 0, raw_seconds = 0;
  for (auto _ : state) {
    const double seconds = SecondsOf(kernel);
    state.SetIterationTime(seconds);
    kernel_seconds += seconds;
    raw_seconds += SecondsOf([&] { benchmark::DoNotOptimize(ReadAll(raw.Next())); });
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * bytes);
  const double read = static_cast<double>(state.iterations()) * static_cast<double>(bytes);
  state.counters["raw"] =
      benchmark::Counter(read / raw_seconds, benchmark::Counter::kDefaults, benchmark::Counter::kIs1024);
  state.counters["of_raw"] = raw_seconds / kernel_seconds;
}

ElementType TypeOf(const benchmark::State& state) {
  switch (state.range(0)) {
    case 4:
      return ElementType::kInt4;
    case 8:
      return ElementType::kInt8;
    case 16:
      return ElementType::kBFloat16;
    default:
      return ElementType::kFloat32;
  }
}

// bits, outputs, inputs, vectors
void BM_MatVec(benchmark::State& state) {
  const int64_t outputs = state.range(1), inputs = state.range(2), vectors = state.range(3);
  const int64_t bytes = ElementBytes(TypeOf(state), outputs * inputs);
  const std::vector<float> x(vectors * inputs, 0.5f);
  std::vector<float> y(vectors * outputs);
  WeightsInTurn weights(bytes);
  TimeBesideRaw(state, bytes, [&] {
    MatVec(weights.NextMatrix(TypeOf(state), outputs, inputs), {x.data(), vectors, inputs},
           {y.data(), outputs});
  });
}
BENCHMARK(BM_MatVec)
    ->ArgNames({"bits", "out", "in", "vectors"})
    ->ArgsProduct({{16, 8, 4}, {kFfn}, {kHidden}, {1, 2, 4, 8}})
    ->Args({32, kFfn, kHidden, 1})
    ->ArgsProduct({{16, 8, 4}, {kHidden}, {kFfn, kHidden}, {1}})  // down, row-major; one of attention
    ->ArgsProduct({{16, 8, 4}, {65536}, {kHidden}, {1}})          // a quarter of the logits
    ->UseManualTime();

std::vector<int32_t> EveryNth(int64_t count, int64_t n) {
  std::vector<int32_t> rows;
  for (int64_t i = n / 2; i < count; i += n) rows.push_back(static_cast<int32_t>(i));
  return rows;
}

// One row in `n`, as a layer of 95 % sparsity reads of up (n = 20).
void BM_MatVecRows(benchmark::State& state) {
  const std::vector<int32_t> rows = EveryNth(kFfn, state.range(1));
  const std::vector<float> x(kHidden, 0.5f);
  std::vector<float> y(kFfn);
  WeightsInTurn weights(ElementBytes(TypeOf(state), kFfn * kHidden));
  TimeBesideRaw(state, ElementBytes(TypeOf(state), std::ssize(rows) * kHidden), [&] {
    MatVecRows(weights.NextMatrix(TypeOf(state), kFfn, kHidden), rows, {x.data(), 1, kHidden},
               {y.data(), kFfn});
  });
}
BENCHMARK(BM_MatVecRows)->ArgNames({"bits", "n"})->ArgsProduct({{16, 8, 4}, {20}})->UseManualTime();

// The same for down, transposed. n = 1 reads every row.
void BM_RowSum(benchmark::State& state) {
  const std::vector<int32_t> rows = EveryNth(kFfn, state.range(1));
  const std::vector<float> a(kFfn, 0.5f);
  std::vector<float> y(kHidden);
  WeightsInTurn weights(ElementBytes(TypeOf(state), kFfn * kHidden));
  TimeBesideRaw(state, ElementBytes(TypeOf(state), std::ssize(rows) * kHidden), [&] {
    RowSum(weights.NextMatrix(TypeOf(state), kFfn, kHidden), rows, {a.data(), 1, kFfn}, {y.data(), kHidden});
  });
}
BENCHMARK(BM_RowSum)
    ->ArgNames({"bits", "n"})
    ->ArgsProduct({{16, 8, 4}, {20, 1}})
    ->Args({32, 1})
    ->UseManualTime();

// A prompt: bits, outputs, inputs, vectors.  No read loop runs beside it, since it is bound by its
// arithmetic.
template <TileInstructions kBy>
void BM_TileProduct(benchmark::State& state) {
  if (!CpuMultipliesTiles(kBy, TypeOf(state)))
    return state.SkipWithError("this CPU has no such instructions");
  const int64_t outputs = state.range(1), inputs = state.range(2), vectors = state.range(3);
  const std::vector<float> x(vectors * inputs, 0.5f);
  std::vector<float> y(vectors * outputs);
  WeightsInTurn weights(ElementBytes(TypeOf(state), outputs * inputs));
  for (auto _ : state) {
    TileProductBy(kBy, weights.NextMatrix(TypeOf(state), outputs, inputs), false, {x.data(), vectors, inputs},
                  y.data(), outputs);
  }
  state.counters["FLOP/s"] = benchmark::Counter(2.0 * static_cast<double>(outputs * inputs * vectors),
                                                benchmark::Counter::kIsIterationInvariantRate);
}
void TileSizes(benchmark::internal::Benchmark* b) {
  b->ArgNames({"bits", "out", "in", "vectors"})
      ->ArgsProduct({{16, 8, 4}, {kFfn}, {kHidden}, {32, 128, 512}})
      ->ArgsProduct({{16, 8, 4}, {kHidden}, {kFfn}, {128}})
      ->UseRealTime();
}
BENCHMARK_TEMPLATE(BM_TileProduct, TileInstructions::kAmx)->Apply(TileSizes);
BENCHMARK_TEMPLATE(BM_TileProduct, TileInstructions::kAvx512)->Apply(TileSizes);
BENCHMARK_TEMPLATE(BM_TileProduct, TileInstructions::kPairs)->Apply(TileSizes);

// The functions between the products, in nanoseconds.
void BM_RmsNorm(benchmark::State& state) {
  std::vector<float> x(kHidden, 0.5f), weight(kHidden, 1.5f), y(kHidden);
  for (auto _ : state) {
    RmsNormRow(x.data(), weight.data(), kHidden, 1e-6f, y.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_RmsNorm);

void BM_GeluTimes(benchmark::State& state) {
  std::vector<float> x(kFfn, 0.5f), factor(kFfn, 1.5f), y(kFfn);
  for (auto _ : state) {
    GeluTimes(x.data(), factor.data(), kFfn, y.data());
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_GeluTimes);

void BM_Softcap(benchmark::State& state) {
  std::vector<float> x(262400, 0.5f);
  for (auto _ : state) {
    SoftcapRow(x.data(), std::ssize(x), 30);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(BM_Softcap);

}  // namespace
}  // namespace plelab::micro
