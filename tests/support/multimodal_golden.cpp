#include "tests/support/multimodal_golden.h"

#include "model/catalog/synth.h"
#include "model/weights/random_tensor.h"

namespace plelab {
namespace {

constexpr uint64_t kSeed = 11;
constexpr int64_t kSide = 256, kBins = 16;
const std::string kData = PLELAB_SOURCE_DIR "/tests/data/multimodal/";

// Values in [-1, 1], as the recipe's `drawn` makes them.
torch::Tensor Drawn(const std::string& name, const std::vector<int64_t>& shape) {
  const torch::Tensor values = torch::empty(shape);
  TensorSpec spec = MakeSpec(name, {values.numel()}, ParameterGroup::kTextStack);
  RandomTensor(kSeed, spec).Fill(0, {values.mutable_data_ptr<float>(), static_cast<size_t>(values.numel())});
  return (values - 1) * 4;
}

}  // namespace

MultimodalGolden::MultimodalGolden(DType dtype) : tensors_(ReadTensors(kData + "golden.safetensors")) {
  SynthOptions options;
  options.seed = kSeed;
  options.dtype = dtype;
  WriteRandomCheckpoint(testing::ReadText(kData + "config.json"), folder_.path(), options);
  checkpoint_ = std::make_shared<const Checkpoint>(Checkpoint::Open(folder_.path()));
}

std::vector<std::string> MultimodalGolden::Cases() {
  return {"image", "two_images", "audio", "two_clips", "mixed"};
}

MediaInput MultimodalGolden::Media(const std::string& name) const {
  MediaInput media;
  const int64_t images = Of(name, "images").item<int64_t>();
  if (images > 0) media.pixels = (Drawn("pixels", {images, 3, kSide, kSide}) + 1) / 2;
  const torch::Tensor& frames = Of(name, "clip_frames");
  if (frames.numel() > 0) {
    const int64_t longest = frames.max().item<int64_t>();
    media.mel = Drawn("mel", {frames.numel(), longest, kBins}) * 3 - 4;
    media.mel_mask = torch::arange(longest).unsqueeze(0) >= frames.unsqueeze(1);
  }
  return media;
}

}  // namespace plelab
