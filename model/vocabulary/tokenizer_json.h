// tokenizer.json, the file of the tokenizers library, as far as a sentencepiece model can say the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "model/vocabulary/added_tokens.h"

namespace plelab {

struct JsonVocabulary {
  struct Merge {  // ids of the two pieces and of the piece that they make
    int32_t left = -1, right = -1, result = -1;
  };

  std::unique_ptr<const std::string> text;  // holds the spellings
  std::vector<std::string_view> pieces;     // [largest id + 1] spellings; empty where no piece has the id
  std::vector<Merge> merges;                // the earlier, the sooner
  std::vector<AddedToken> added;
  int64_t unknown = -1;
};

// The bytes of a regular file.  Throws UserError when there is none.
std::string ReadVocabularyFile(const std::string& path);

// Reads a byte-fallback BPE vocabulary whose spaces are ▁: the kind that Gemma has, and that transformers
// writes for it.  Takes about 20 ns for each byte and as much memory as the file.  The post-processor, the
// decoder, truncation and padding are not read: bos is put in front by the callers.  `rows` is that of the
// embedding table.  Throws UserError, naming what it found, for another model, normaliser, pre-tokenizer or
// flag, for pieces with ids past the table, and for a file that is not JSON or nests deeper than
// kMaxJsonDepth or repeats a key.
JsonVocabulary ParseTokenizerJson(const std::string& json, const std::string& path, int64_t rows);

// The added tokens that stand beside a tokenizer.model: `added_tokens_decoder` of tokenizer_config.json and
// `added_tokens` of tokenizer.json, if these files exist.  Throws UserError as ParseTokenizerJson.
std::vector<AddedToken> ReadAddedTokens(const std::string& folder);

}  // namespace plelab
