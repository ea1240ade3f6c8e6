// sentencepiece behind one file, with the ids that only config.json knows and the chat template of tuned checkpoints.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/config.h"

namespace plelab {

class Tokenizer {
 public:
  // Throws UserError when the file is missing or not a sentencepiece model.
  Tokenizer(const std::string& model_path, const Gemma3nConfig& config);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;

  // Without bos.  Text such as `<start_of_turn>` becomes its own id where the vocabulary has it.
  std::vector<int64_t> Encode(std::string_view text) const;
  std::string Decode(std::span<const int64_t> ids) const;
  // For streaming: the text that `id` adds after `so_far`; holds back incomplete UTF-8 (byte pieces) until it is whole.
  std::string DecodeNext(std::vector<int64_t>& so_far, int64_t id) const;
  int64_t vocab_size() const;  // pieces in the model
  int64_t bos() const;
  // Id of a piece, or −1.
  int64_t PieceId(std::string_view piece) const;
  // SHA-256 of the file.
  const std::string& hash() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plelab
