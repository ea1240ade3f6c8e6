// Goldens of the audio tower: scripts/reference/make_audio_goldens.py.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "model/catalog/audio_weights.h"
#include "model/checkpoint/config.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace plelab {

inline constexpr uint64_t kAudioGoldenSeed = 20;  // SEED of the recipe

inline std::string AudioDataPath(const std::string& file) {
  return PLELAB_SOURCE_DIR "/tests/data/audio/" + file;
}

// A multimodal config.json with the golden's audio_config, a tiny text decoder and a tiny vision tower.
inline std::string AudioGoldenConfig(const std::string& name) {
  auto json =
      nlohmann::json::parse(testing::ReadText(PLELAB_SOURCE_DIR "/tests/data/text/mixed/config.json"));
  json["audio_config"] = nlohmann::json::parse(testing::ReadText(AudioDataPath(name + ".json")));
  return json.dump();
}

// tests/data/audio/NAME.
struct AudioGolden {
  explicit AudioGolden(const std::string& name)
      : config(*ParseConfig(AudioGoldenConfig(name), name).audio),
        tensors(ReadTensors(AudioDataPath(name + ".safetensors"))) {}
  const torch::Tensor& operator[](const std::string& tensor) const { return tensors.at(tensor); }
  AudioWeights Weights(DType dtype) const { return RandomAudioWeights(config, kAudioGoldenSeed, dtype); }

  AudioConfig config;
  TensorMap tensors;
};

}  // namespace plelab
