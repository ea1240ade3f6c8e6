// One split of a tokenised corpus: the ids of documents, each of which begins with bos.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plelab {

struct TokenSplit {
  std::vector<uint16_t> ids;
  // [documents + 1]; document d is ids[offsets[d]] … ids[offsets[d + 1] − 1], bos first.
  std::vector<int64_t> offsets;
  std::vector<int64_t> bytes;        // [documents], of the document's text in UTF-8
  std::vector<int64_t> domain;       // [documents], index into domains
  std::vector<std::string> domains;  // names
  uint16_t bos = 0;
  std::string sha256;  // of the .bin file, as meta.json gives it

  int64_t documents() const { return static_cast<int64_t>(bytes.size()); }
  std::span<const uint16_t> Document(int64_t d) const {
    return std::span(ids).subspan(offsets[d], offsets[d + 1] - offsets[d]);
  }
};

// Reads a split from `folder`, in the form that scripts/corpus/make_tokens.py writes; split is train, valid
// or test.  Throws UserError naming the file when it is missing, its length differs from that in meta.json, a
// document lacks bos, or an id is not below vocab_size.
TokenSplit ReadTokenSplit(const std::string& folder, const std::string& split, int64_t vocab_size);

// How many of the first documents it takes to hold `tokens` tokens, in the split's order; all for tokens = 0.
int64_t DocumentsUntil(const TokenSplit& split, int64_t tokens);

}  // namespace plelab
