// The vision encoder at its published size, with random weights drawn in memory:
//   build/plelab_micro --benchmark_filter=EncodeImages
// scripts/peers/compare_towers.py runs it beside the reference.
#include <benchmark/benchmark.h>

#include "model/vision/vision_tower.h"

namespace plelab::micro {
namespace {

VisionConfig PublishedConfig() { return *ParseConfig(ShapeConfigJson("e2b"), "e2b").vision; }

// Only one dtype at a time, because both together would take 2 GB.
const VisionWeights& Weights(DType dtype) {
  static DType held = dtype;
  static VisionWeights weights = RandomVisionWeights(PublishedConfig(), 0, dtype);
  if (held != dtype) {
    weights = {};
    weights = RandomVisionWeights(PublishedConfig(), 0, dtype);
    held = dtype;
  }
  return weights;
}

// One square image of noise.
void EncodeImage(benchmark::State& state, DType dtype) {
  const torch::NoGradGuard no_grad;
  const VisionConfig config = PublishedConfig();
  const VisionWeights& weights = Weights(dtype);
  const torch::Tensor pixels = torch::rand({1, 3, state.range(0), state.range(0)});
  for (auto _ : state) benchmark::DoNotOptimize(EncodeImages(pixels, weights, config));
  state.SetLabel("random weights");
}

void Sides(benchmark::internal::Benchmark* benchmark) {
  benchmark->ArgName("side")->Arg(256)->Arg(768)->UseRealTime()->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(EncodeImage, float32, DType::kFloat32)->Name("EncodeImages/float32")->Apply(Sides);
BENCHMARK_CAPTURE(EncodeImage, bfloat16, DType::kBFloat16)->Name("EncodeImages/bfloat16")->Apply(Sides);

}  // namespace
}  // namespace plelab::micro
