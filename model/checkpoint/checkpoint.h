// A checkpoint directory as published: config.json, model.safetensors (or shards with an index) and
// tokenizer.model or tokenizer.json.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/file_descriptor.h"
#include "model/checkpoint/config.h"
#include "model/checkpoint/safetensors.h"
#include "model/checkpoint/stored_weight.h"
#include "model/ple/ple_source.h"

namespace plelab {

class Sha256;

// The kind of input that a tensor serves, judged by its published name.
enum class Modality { kText, kVision, kAudio };
inline constexpr int kModalities = 3;
std::string_view Name(Modality modality);  // "text", "vision", "audio"
Modality ModalityOf(std::string_view tensor_name);

// Which file of a checkpoint's folder has the vocabulary: tokenizer.model or, where that is missing,
// tokenizer.json, which transformers 5 writes alone.  Where there is neither, the path of tokenizer.model.
std::string TokenizerFile(const std::string& folder);

class Checkpoint {
 public:
  // Reads and checks config.json and the headers of all shards.  Throws UserError naming
  // file, tensor, expected and found when a file is truncated, a header is longer than its file, offsets
  // overlap or overflow, a shard is missing, or tensors are in any format but float32, bfloat16 and float16
  // (all of them at once) or what stored_weight.h describes.  Sets config().text.own_head as the reference
  // ties weights (transformers PreTrainedModel.tie_weights): a lm_head.weight that differs from embed_tokens
  // is used even where config.json says that both are tied.  Only for that comparison values are read, up to
  // the first difference.
  static Checkpoint Open(const std::string& directory);

  const std::string& directory() const { return directory_; }
  const std::string& config_text() const { return config_text_; }  // of config.json
  const Gemma3nConfig& config() const { return config_; }
  const std::map<std::string, TensorInfo>& tensors() const { return tensors_; }
  // Returns nullptr when the checkpoint has no such tensor.
  const TensorInfo* Find(const std::string& name) const;
  // The codes and scales of a quantised weight by its published name; nothing when it is not stored as such.
  struct Quantised {
    CodeFormat format;
    const TensorInfo* codes;
    const TensorInfo* scales;
  };
  std::optional<Quantised> FindQuantised(const std::string& name) const;
  // What the tensor of this published name is stored as: itself, its codes and scales, or nothing.
  std::vector<const TensorInfo*> Stored(const std::string& name) const;
  // True where `plelab pack` quantised weights.
  bool is_quantised() const { return !quantised_.empty(); }
  // Copies out.size() bytes of the tensor, starting at `offset_bytes` within it, in the calling thread.  The
  // bytes are counted in weight_bytes_read().  Throws RunError.
  void ReadRange(const TensorInfo& info, int64_t offset_bytes, std::span<std::byte> out) const;
  int64_t weight_bytes_read() const;
  int64_t weight_bytes_read(Modality modality) const { return read_->at(static_cast<size_t>(modality)); }
  // "random", "trained" or "unlabelled": the entry `weights` of the safetensors metadata.
  const std::string& weights_label() const { return weights_label_; }
  // Where the PLE table lies: as published, or packed beside the weights (packed_table.h).  Throws UserError
  // when it is missing, damaged, or its shape disagrees with the config.
  PleTable ple_table() const;
  // Its shape as config.json says, in no particular dtype.
  PleGeometry ple_shape() const;
  // The published name of its tensor.
  std::string ple_tensor() const;
  // True where the folder has no published table but a packed one.
  bool has_packed_table() const;
  // SHA-256 over config.json and the headers and sizes of the shards: identifies the checkpoint without
  // reading 10 GB.
  const std::string& fingerprint() const { return fingerprint_; }
  // The path of its TokenizerFile, which may not exist.
  std::string tokenizer_path() const { return TokenizerFile(directory_); }

 private:
  Checkpoint() = default;
  void OpenShards(Sha256& fingerprint);
  void AddShard(const std::string& path, Sha256& fingerprint);
  void AddPackedTable(Sha256& fingerprint);
  void ListQuantised();
  void RequireFloats() const;
  bool HeadDiffers() const;

  std::string directory_;
  std::string config_text_;
  Gemma3nConfig config_;
  std::map<std::string, TensorInfo> tensors_;
  std::map<std::string, CodeFormat> quantised_;  // by published name
  std::vector<ForeignTensor> foreign_;           // empty once the checkpoint is open
  std::string weights_label_ = "unlabelled";
  std::string fingerprint_;
  std::map<std::string, std::shared_ptr<const FileDescriptor>> shards_;  // by path
  // Shared, so that all copies of a checkpoint count what was read of its files in one place.
  std::shared_ptr<std::array<std::atomic<int64_t>, kModalities>> read_ =
      std::make_shared<std::array<std::atomic<int64_t>, kModalities>>();
};

}  // namespace plelab
