// The token ids of a text file (by the checkpoint's tokenizer) or of a trace (ids made beforehand).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"
#include "model/tokens/tokenizer.h"

namespace plelab {

struct TokenText {
  std::string path;
  std::vector<int64_t> ids;              // without bos, each in [0, vocab_size)
  std::string sha256;                    // of the file
  std::string tokenizer_sha256;          // empty for a trace
  std::shared_ptr<Tokenizer> tokenizer;  // nullptr for a trace, whose ids cannot become text again
};

// Exactly one of text_file and trace must be given.  A trace is a JSON array of ids, or an object with such
// an array `ids` (configs/traces/README.md).  Throws UserError when the file is missing or does not have this
// form, and for an id that the checkpoint's vocabulary lacks.
TokenText ReadTokenText(const std::string& text_file, const std::string& trace, const Checkpoint& checkpoint);

// The same without a checkpoint.  Error messages call the vocabulary's owner `owner`; tokenizer_path may be
// empty for a trace.
struct Vocabulary {
  Gemma3nConfig config;
  std::string tokenizer_path, owner;
};
TokenText ReadTokenText(const std::string& text_file, const std::string& trace, const Vocabulary& vocabulary);

}  // namespace plelab
