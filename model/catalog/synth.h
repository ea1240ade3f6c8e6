// Random checkpoints in the published layout, for timing shapes whose weights are not at hand.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "model/base/dtype.h"

namespace plelab {

struct SynthOptions {
  uint64_t seed = 0;
  DType dtype = DType::kBFloat16;  // kBFloat16 or kFloat32
  bool force = false;              // replace a checkpoint that exists
  // A tensor larger than this gets a shard of its own; a checkpoint that fits is one file.
  int64_t max_shard_bytes = 5'000'000'000;
  // Files to copy along: the vocabulary, preprocessor_config.json.  One that is in the directory stays there.
  std::vector<std::string> companions = {};
  std::function<void(int64_t done_bytes, int64_t total_bytes)> progress = nullptr;  // may be empty
};

// Writes config.json, model.safetensors (or shards with an index) and the companions to `directory`, which
// it creates.  Draws every tensor of the config (model/weights/random_tensor.h), unused k/v of KV-sharing
// layers included; the metadata say `weights: random` and the seed.  Holds a few MiB in memory at a time.  A
// file gets its final name when it is complete.  Returns the bytes of all tensors.  Throws UserError when
// files exist (without force) or the disk is too small, and RunError when writing fails.
int64_t WriteRandomCheckpoint(const std::string& config_json, const std::string& directory,
                              const SynthOptions& options);

// Returns config_json with `dtype` as the type of its weights.
std::string ConfigJsonWithDType(const std::string& config_json, DType dtype);
// Returns config_json saying that the head is not tied to the token embedding.
std::string UntiedConfigJson(const std::string& config_json);

}  // namespace plelab
