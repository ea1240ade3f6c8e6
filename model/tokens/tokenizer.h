// The only user of sentencepiece.  Also knows added tokens, and the special ids that only config.json
// defines.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/checkpoint/config.h"

namespace plelab {

// Removes a bos in front of `ids`, for callers that put one there themselves.  Returns whether it was there.
bool DropBos(std::vector<int64_t>& ids, int64_t bos);

// What the spelling of a special token (`<bos>`, `<start_of_turn>`, …) in a text becomes.
enum class SpecialText {
  kTokens,  // its id, as in the reference
  kText     // the ids of its characters: the reference's split_special_tokens
};

class Tokenizer {
 public:
  // `path` is a sentencepiece model, or a tokenizer.json if its name ends so (model/vocabulary/vocabulary.h).
  // Throws UserError when the file is missing, is not such a file, says what sentencepiece cannot, or has
  // more pieces than the model has rows in its embedding table.
  Tokenizer(const std::string& path, const Gemma3nConfig& config,
            SpecialText special_text = SpecialText::kTokens);
  ~Tokenizer();
  Tokenizer(Tokenizer&&) noexcept;

  // Adds no bos.  The spelling of any control or added token becomes that token's id, at each place the
  // longest; with SpecialText::kText those that are special (control tokens, the marks of turns and media,
  // and what the checkpoint's files call special) are text, while others, such as <unused0>, stay ids.  Bytes
  // that are not UTF-8 become U+FFFD.  Throws UserError for a token that the model has no row for.
  std::vector<int64_t> Encode(std::string_view text) const;
  // `text` marked so that Encode reads its special tokens as text, also inside a longer text whose own
  // special tokens are read, such as a chat.
  std::string AsText(std::string_view text) const;
  // bos, eos, pad and unknown ids decode to no text; other special ids decode to their names.
  std::string Decode(std::span<const int64_t> ids) const;
  // The bytes that one id adds to a text.  They may not be whole characters: pass them through Utf8Stream.
  std::string Bytes(int64_t id) const;

  int64_t vocab_size() const;  // the number of pieces in the file
  int64_t bos() const;
  // The id of a piece or of a special token's name, or −1.
  int64_t PieceId(std::string_view piece) const;
  // SHA-256 of the file.
  const std::string& hash() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plelab
