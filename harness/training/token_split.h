// One split of a tokenized corpus: ids in documents, each of which begins with bos.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace plelab {

struct TokenSplit {
  std::vector<uint16_t> ids;
  std::vector<int64_t>
      offsets;  // [documents + 1]; document d is ids[offsets[d]] … ids[offsets[d + 1]], bos first
  std::vector<int64_t> bytes;        // [documents] of its text in UTF-8
  std::vector<int64_t> domain;       // [documents], index into domains
  std::vector<std::string> domains;  // names
  uint16_t bos = 0;
  std::string sha256;  // of the .bin, as meta.json has it

  int64_t documents() const { return static_cast<int64_t>(bytes.size()); }
  std::span<const uint16_t> Document(int64_t d) const {
    return std::span(ids).subspan(offsets[d], offsets[d + 1] - offsets[d]);
  }
};

// `folder` as scripts/corpus/make_tokens.py writes it; split: train, valid, test.  Throws UserError naming
// the file: missing, of another length than meta.json says, a document without bos, an id of vocab_size or
// more.
TokenSplit ReadTokenSplit(const std::string& folder, const std::string& split, int64_t vocab_size);

// The first documents that hold `tokens` tokens together, in the split's order; 0: all.
int64_t DocumentsUntil(const TokenSplit& split, int64_t tokens);

}  // namespace plelab
