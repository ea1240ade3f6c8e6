// The token ids of a text file (by the checkpoint's tokenizer) or of a trace (ids made beforehand).
#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/checkpoint/config.h"
#include "model/tokens/tokenizer.h"

namespace plelab {

struct TokenText {
  std::string path;
  std::vector<int64_t> ids;      // without bos, each in [0, vocab_size)
  std::string sha256;            // of the file
  std::string tokenizer_sha256;  // empty for a trace
  // nullptr for a trace: its ids cannot become text again.
  std::shared_ptr<Tokenizer> tokenizer;
};

// Whose ids a text becomes.
struct Vocabulary {
  Gemma3nConfig config;
  std::string tokenizer_path;  // may be empty for a trace
  std::string owner;           // what errors call it: a checkpoint's folder or a shape
};

// Where a text comes from.  Exactly one of text_file and trace is given.
struct TextSource {
  std::string text_file = "";
  std::string encoding = "utf-8";  // of text_file
  std::string trace = "";
  bool special_tokens = true;  // spellings of special tokens in text_file are their ids
  auto operator<=>(const TextSource&) const = default;
};
// That of a config's section with these four keys.
TextSource TextOf(const auto& section) {
  return {section.text_file, section.encoding, section.trace, section.special_tokens};
}

// A text is read by its encoding (model/tokens/text_encoding.h), without a byte order mark.  A trace is a
// JSON array of ids, or an object with such an `ids` (configs/traces/README.md).  A bos that the text begins
// with is left out, with a note on standard error, because readers put one in front.  Throws UserError when
// the file is missing, is not of this form, or holds an id that the vocabulary lacks.
TokenText ReadTokenText(const TextSource& source, const Vocabulary& vocabulary);

}  // namespace plelab
