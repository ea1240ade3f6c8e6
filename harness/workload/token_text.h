// The token ids of a text file (by the checkpoint's tokenizer) or of a trace (ids made beforehand).
#pragma once

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

// Exactly one of text_file and trace is given.  A trace is a JSON array of ids, or an object with such an
// `ids` (configs/traces/README.md).  Throws UserError when the file is missing, is not of this form, or holds
// an id that the vocabulary lacks.  Spellings of special tokens in a text file are read as text unless
// `special_tokens`.  A bos that the text begins with is left out, with a note on standard error, because
// readers put one in front.
TokenText ReadTokenText(const std::string& text_file, const std::string& trace, const Vocabulary& vocabulary,
                        bool special_tokens = true);

}  // namespace plelab
