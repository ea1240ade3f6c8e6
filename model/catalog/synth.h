// Random checkpoints in the published layout: for timing shapes whose weights one does not have.
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
  bool force = false;              // replace a checkpoint that is there
  int64_t max_shard_bytes =
      5'000'000'000;  // a larger tensor gets a shard of its own; all in one file where it fits
  std::vector<std::string> companions = {};  // files to copy along: tokenizer.model, preprocessor_config.json
  std::function<void(int64_t done_bytes, int64_t total_bytes)> progress = nullptr;  // may be empty
};

// Writes config.json, model.safetensors (or shards with an index) and tokenizer.model to `directory`, which
// it makes. Every tensor of the config is drawn (model/random_tensor.h), unused k/v of KV-sharing layers
// included; the metadata says weights: random, and the seed.  A few MiB are in memory at a time.  Files get
// their names when they are complete. Returns the bytes of all tensors.  Throws UserError when files exist
// (without force) or the disk is too small, RunError when writing fails.
int64_t WriteRandomCheckpoint(const std::string& config_json, const std::string& directory,
                              const SynthOptions& options);

// A config.json as given, except for the type that the weights have.
std::string ConfigJsonWithDType(const std::string& config_json, DType dtype);

}  // namespace plelab
