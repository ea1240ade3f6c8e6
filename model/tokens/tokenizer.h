// The only user of sentencepiece.  Also knows the special ids that only config.json defines.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint/config.h"

namespace plelab {

class Tokenizer {
 public:
  // Throws UserError when the file is missing, is not a sentencepiece model, or has more pieces than the
  // model has rows in its embedding table.
  Tokenizer(const std::string& model_path, const Gemma3nConfig& config);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;

  // Adds no bos.  The name of a special token in the text (`<start_of_turn>`, `<image_soft_token>`, …)
  // becomes that token's id when the vocabulary or config.json defines one.  Bytes that are not UTF-8 become
  // U+FFFD.
  std::vector<int64_t> Encode(std::string_view text) const;
  // bos, eos, pad and unknown ids decode to no text; ids that only config.json defines decode to their names.
  std::string Decode(std::span<const int64_t> ids) const;
  // The bytes that one id adds to a text.  They may not be whole characters: pass them through Utf8Stream.
  std::string Bytes(int64_t id) const;

  int64_t vocab_size() const;  // the number of pieces in tokenizer.model
  int64_t bos() const;
  // The id of a piece or of a special token's name, or −1.
  int64_t PieceId(std::string_view piece) const;
  // SHA-256 of tokenizer.model.
  const std::string& hash() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plelab
