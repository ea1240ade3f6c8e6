// Replays of a stream of rows: the policies, and the hits of LRU at every capacity in one pass.
//   build/plelab_micro --benchmark_filter='Replay|Stack'
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "experiments/micro/zipf_rows.h"
#include "model/ple/policies/cache_policies.h"
#include "model/ple/replay/replay.h"
#include "model/ple/replay/stack_distances.h"

namespace plelab::micro {
namespace {

constexpr int64_t kVocab = 262'144;  // rows of E2B's table

const std::vector<int64_t>& Stream() {
  static const std::vector<int64_t> stream = [] {
    std::vector<int64_t> rows;
    for (uint64_t i = 0; i < (1 << 20); ++i) rows.push_back(ZipfRow(i, kVocab));
    return rows;
  }();
  return stream;
}

void CountLookups(benchmark::State& state) {
  state.counters["lookups"] =
      benchmark::Counter(static_cast<double>(Stream().size()), benchmark::Counter::kIsIterationInvariantRate);
}

void StackDistancesOfStream(benchmark::State& state) {
  const auto& stream = Stream();
  for (auto _ : state) benchmark::DoNotOptimize(LruHitsByCapacity(stream, kVocab));
  CountLookups(state);
}
BENCHMARK(StackDistancesOfStream)->Name("StackDistances")->Unit(benchmark::kMillisecond);

void ReplayPolicy(benchmark::State& state, const CachePolicyRow& policy) {
  const auto& stream = Stream();
  for (auto _ : state) {
    state.PauseTiming();
    const auto made =
        policy.learns ? MakeWarmed(policy, state.range(0), stream) : policy.make(state.range(0), {});
    state.ResumeTiming();
    benchmark::DoNotOptimize(Replay(*made, stream));
  }
  CountLookups(state);
}

const bool kRegistered = [] {
  for (const CachePolicyRow& policy : CachePolicies()) {
    benchmark::RegisterBenchmark(("Replay/" + std::string(policy.name)).c_str(), ReplayPolicy, policy)
        ->ArgName("rows")
        ->Arg(1024)
        ->Arg(16384)
        ->Unit(benchmark::kMillisecond);
  }
  return true;
}();

}  // namespace
}  // namespace plelab::micro
