// The audio encoder at its published size, with random weights drawn in memory:
//   build/plelab_micro --benchmark_filter=EncodeAudio
// scripts/peers/compare_towers.py runs it beside the reference.
#include <benchmark/benchmark.h>

#include <string>

#include "model/audio/audio_tower.h"

namespace plelab::micro {
namespace {

constexpr int64_t kFramesPerSecond = 100;

AudioConfig PublishedConfig() { return *ParseConfig(ShapeConfigJson("e2b"), "e2b").audio; }

// Only one dtype at a time, because both together would take 4 GB.
const AudioWeights& Weights(DType dtype) {
  static DType held = dtype;
  static AudioWeights weights = RandomAudioWeights(PublishedConfig(), 0, dtype);
  if (held != dtype) {
    weights = {};
    weights = RandomAudioWeights(PublishedConfig(), 0, dtype);
    held = dtype;
  }
  return weights;
}

// 10 s and 30 s of noise, without masked frames.
void EncodeClip(benchmark::State& state, DType dtype) {
  const torch::NoGradGuard no_grad;
  const AudioConfig config = PublishedConfig();
  const AudioWeights& weights = Weights(dtype);
  const int64_t frames = state.range(0) * kFramesPerSecond;
  const torch::Tensor mel = torch::randn({1, frames, config.input_feat_size});
  const torch::Tensor mask = torch::zeros({1, frames}, torch::kBool);
  for (auto _ : state) benchmark::DoNotOptimize(EncodeAudio(mel, mask, weights, config));
}

void Clips(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("seconds")->Arg(10)->Arg(30)->MeasureProcessCPUTime()->UseRealTime()->Unit(
      benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(EncodeClip, float32, DType::kFloat32)->Name("EncodeAudio/float32")->Apply(Clips);
BENCHMARK_CAPTURE(EncodeClip, bfloat16, DType::kBFloat16)->Name("EncodeAudio/bfloat16")->Apply(Clips);

}  // namespace
}  // namespace plelab::micro
