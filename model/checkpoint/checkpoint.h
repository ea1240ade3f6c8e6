// A checkpoint directory as published: config.json, model.safetensors or shards with an index,
// tokenizer.model.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/file_descriptor.h"
#include "model/checkpoint/config.h"
#include "model/checkpoint/safetensors.h"
#include "model/ple/ple_source.h"

namespace plelab {

class Sha256;

// Which kind of input a tensor is for, by its published name.
enum class Modality { kText, kVision, kAudio };
inline constexpr int kModalities = 3;
std::string_view Name(Modality modality);  // "text", "vision", "audio"
Modality ModalityOf(std::string_view tensor_name);

class Checkpoint {
 public:
  // Reads config.json and the headers of every shard, checks them, reads no weight.
  // Throws UserError (design section 11): truncated, header longer than the file, offsets that overlap or
  // overflow, a shard missing; naming file, tensor, expected, found.
  static Checkpoint Open(const std::string& directory);

  const std::string& directory() const { return directory_; }
  const Gemma3nConfig& config() const { return config_; }
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  // nullptr when the checkpoint has no such tensor.
  const TensorInfo* Find(const std::string& name) const;
  // Copies the tensor's bytes from `offset_bytes` (within the tensor) on, in the calling thread.  Counted in
  // weight_bytes_read().  Throws RunError.
  void ReadRange(const TensorInfo& info, int64_t offset_bytes, std::span<std::byte> out) const;
  int64_t weight_bytes_read() const;
  int64_t weight_bytes_read(Modality modality) const { return read_->at(static_cast<size_t>(modality)); }
  // "random", "trained" or "unlabelled": `weights` in the safetensors metadata.
  const std::string& weights_label() const { return weights_label_; }
  // Where the PLE table lies.  Throws UserError when it is missing or its shape is not the config's.
  PleTable ple_table() const;
  // SHA-256 over config.json and the shards' headers and sizes: names this checkpoint without reading 10 GB.
  const std::string& fingerprint() const { return fingerprint_; }
  // Path of tokenizer.model (it may not exist).
  std::string tokenizer_path() const { return directory_ + "/tokenizer.model"; }

 private:
  Checkpoint() = default;
  void AddShard(const std::string& path, Sha256& fingerprint);

  std::string directory_;
  Gemma3nConfig config_;
  std::map<std::string, TensorInfo> tensors_;
  std::string weights_label_ = "unlabelled";
  std::string fingerprint_;
  std::map<std::string, std::shared_ptr<const FileDescriptor>> shards_;  // by path
  // Shared: a checkpoint is copied, what was read of its files is one number.
  std::shared_ptr<std::array<std::atomic<int64_t>, kModalities>> read_ =
      std::make_shared<std::array<std::atomic<int64_t>, kModalities>>();
};

}  // namespace plelab
