// A checkpoint's vocabulary as sentencepiece takes it: read from tokenizer.model, or rebuilt from
// tokenizer.json.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "model/checkpoint/config.h"
#include "model/vocabulary/added_tokens.h"

namespace plelab {

struct TokenVocabulary {
  std::string model;              // the serialised sentencepiece model
  std::vector<AddedToken> added;  // what is looked for before sentencepiece sees a text
  // What these ids decode to, whatever the model says of them: nothing for bos, eos, pad and unknown.
  std::unordered_map<int64_t, std::string> decoded;
};

// tokenizer.model.  Its control tokens and its unknown are special, as are the marks of turns and media
// (`<start_of_turn>`, …; config.json has the ids of media) and what tokenizer_config.json or tokenizer.json
// beside it call special.  Their added tokens that the model lacks are added.  User-defined pieces are left
// to sentencepiece.  Throws UserError when the files give one spelling two ids.
TokenVocabulary VocabularyOfModel(std::string model, const std::string& path, const Gemma3nConfig& config);

// tokenizer.json: a BPE model whose scores say what its list of merges says (model/vocabulary/bpe_order.h).
// Its pieces stand for themselves, bytes are byte pieces, and added tokens are found before sentencepiece
// sees a text, so that they are control pieces here.  Throws UserError as ParseTokenizerJson and
// OrderOfPieces, and when not every byte has a piece.
TokenVocabulary VocabularyOfJson(const std::string& json, const std::string& path,
                                 const Gemma3nConfig& config);

}  // namespace plelab
