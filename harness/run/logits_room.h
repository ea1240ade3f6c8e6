// How much memory `plelab logits` needs, estimated from the shapes before a weight is read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "model/base/dtype.h"
#include "model/checkpoint/config.h"

namespace plelab {

struct LogitsWork {
  DType dtype = DType::kFloat32;
  std::optional<DType> kv_dtype = std::nullopt;  // of the cache; nullopt: dtype
  int64_t tokens = 0;
  int64_t tokens_per_pass = 0;
  int64_t row_bytes_held = 0;  // of the PLE table, in RAM
  bool images = false, audio = false;

  // Tokens that fit in one pass need none, unless it rounds keys and values.
  bool needs_cache() const {
    return tokens > tokens_per_pass || tokens_per_pass == 1 || kv_dtype.value_or(dtype) != dtype;
  }
};

struct LogitsMemory {
  int64_t file_bytes = 0;     // /logits, put together in memory; as much again while it is written at the end
  int64_t pass_bytes = 0;     // logits and attention of one pass
  int64_t weights_bytes = 0;  // with the held rows
  int64_t kv_bytes = 0;
  // The most at any time, with the program itself.
  int64_t total() const;
};
LogitsMemory EstimateLogits(const Gemma3nConfig& config, const LogitsWork& work);

// Throws UserError with the numbers, naming `out`, when more is needed than is available
// (AvailableMemoryBytes).
void CheckLogitsRoom(const Gemma3nConfig& config, const LogitsWork& work, const std::string& out);

}  // namespace plelab
