// sentencepiece behind one file, with the ids that only config.json knows.
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
  // Throws UserError when the file is missing, not a sentencepiece model, or has more pieces than the model
  // has rows.
  Tokenizer(const std::string& model_path, const Gemma3nConfig& config);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;

  // Without bos.  A special name in the text (`<start_of_turn>`, `<image_soft_token>`, …) becomes its own id
  // where the vocabulary or config.json has one.  Bytes that are not UTF-8 become U+FFFD.
  std::vector<int64_t> Encode(std::string_view text) const;
  // bos, eos, pad and unknown ids are no text; ids that only config.json knows are their names.
  std::string Decode(std::span<const int64_t> ids) const;
  // The bytes that one id adds to a text; not always whole characters: stream them through Utf8Stream.
  std::string Bytes(int64_t id) const;

  int64_t vocab_size() const;  // pieces in the model
  int64_t bos() const;
  // Id of a piece or special name, or −1.
  int64_t PieceId(std::string_view piece) const;
  // SHA-256 of the file.
  const std::string& hash() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plelab
