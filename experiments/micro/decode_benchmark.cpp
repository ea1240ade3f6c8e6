// A whole checkpoint: a prompt, and a decode step beside the raw read loop over as many bytes.
//   PLELAB_CHECKPOINT=DIR build/plelab_micro --benchmark_filter='Decode|Prefill'
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdlib>
#include <memory>
#include <span>
#include <vector>

#include "experiments/micro/weights_in_turn.h"
#include "model/gemma3n/gemma3n.h"
#include "model/ple/strategies/factory.h"

namespace plelab::micro {
namespace {

constexpr int64_t kPrompt = 128, kMostSteps = 4096;

// Ids that do not repeat a row for a while.
std::vector<int64_t> Ids(int64_t count, int64_t from, int64_t vocab) {
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < count; ++i) ids.push_back(3 + (from + i) * 7919 % (vocab - 3));
  return ids;
}

void ReadRaw(int64_t bytes) {
  const std::span<const std::byte> arena = Arena();
  for (; bytes > 0; bytes -= std::ssize(arena)) {
    benchmark::DoNotOptimize(ReadAll(arena.first(std::min<int64_t>(bytes, std::ssize(arena)))));
  }
}

// The checkpoint that the environment variable names, with its rows streamed from disk.
struct Loaded {
  std::shared_ptr<const Checkpoint> checkpoint;
  Gemma3n model;
  std::unique_ptr<PleSource> ple;
  int64_t vocab() const { return checkpoint->config().text.vocab_size_per_layer_input; }
};

Loaded* Load(benchmark::State& state) {
  const char* directory = std::getenv("PLELAB_CHECKPOINT");
  if (directory == nullptr) {
    state.SkipWithError("PLELAB_CHECKPOINT names no checkpoint");
    return nullptr;
  }
  static Loaded loaded = [&] {
    auto checkpoint = std::make_shared<const Checkpoint>(Checkpoint::Open(directory));
    return Loaded{checkpoint, Gemma3n::Load(checkpoint, {}),
                  MakePleSource(ParsePleSpec("disk"), checkpoint->ple_table())};
  }();
  return &loaded;
}

void BM_Prefill(benchmark::State& state) {
  Loaded* const loaded = Load(state);
  if (loaded == nullptr) return;
  const std::vector<int64_t> prompt = Ids(state.range(0), 0, loaded->vocab());
  const torch::Tensor ids = torch::tensor(prompt).unsqueeze(0);
  loaded->model.UseCacheDType(loaded->model.dtype());
  KvCache kv = loaded->model.MakeKvCache(1, state.range(0));
  for (auto _ : state) {
    kv.Clear();
    benchmark::DoNotOptimize(
        loaded->model.Forward(ids, &kv, *loaded->ple->Begin(prompt), LogitsWanted::kLast));
  }
  state.counters["tokens/s"] =
      benchmark::Counter(static_cast<double>(state.range(0)), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(BM_Prefill)->Arg(kPrompt)->Arg(512)->UseRealTime()->Unit(benchmark::kMillisecond);

// The number of sequences, the context (a cache of zeros: what is in it does not change how long a step
// takes), and whether the cache is in int8.
void BM_DecodeStep(benchmark::State& state) {
  Loaded* const loaded = Load(state);
  if (loaded == nullptr) return;
  Gemma3n& model = loaded->model;
  PleSource& ple = *loaded->ple;
  const int64_t batch = state.range(0), vocab = loaded->vocab();
  model.UseCacheDType(state.range(2) != 0 ? DType::kInt8 : model.dtype());
  KvCache kv = model.MakeKvCache(batch, state.range(1) + kMostSteps);
  while (kv.length() < state.range(1)) kv.Advance(std::min(kv.chunk(), state.range(1) - kv.length()));

  double step_seconds = 0, raw_seconds = 0, bytes = 0;
  for (auto _ : state) {
    const int64_t step_bytes = model.DecodeStepBytes(kv.length());
    const std::vector<int64_t> next = Ids(batch, kv.length() * batch, vocab);
    const double seconds =
        SecondsOf([&] { benchmark::DoNotOptimize(model.DecodeStep(next, kv, *ple.Begin(next))); });
    state.SetIterationTime(seconds);
    step_seconds += seconds;
    raw_seconds += SecondsOf([&] { ReadRaw(step_bytes); });
    bytes += static_cast<double>(step_bytes);
  }
  state.counters["tokens/s"] = static_cast<double>(state.iterations() * batch) / step_seconds;
  state.counters["GB/s"] = bytes / step_seconds / 1e9;
  state.counters["raw_GB/s"] = bytes / raw_seconds / 1e9;
  state.counters["of_raw"] = raw_seconds / step_seconds;
}
BENCHMARK(BM_DecodeStep)
    ->ArgNames({"batch", "context", "kv_int8"})
    ->ArgsProduct({{1}, {kPrompt, 2048, 8192}, {0, 1}})
    ->Args({4, kPrompt, 0})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace plelab::micro
