// Reads a file of token ids.
#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace plelab {

// For ids of a vocabulary that is not known here: any id from 0 on is accepted.
inline constexpr int64_t kAnyVocabulary = std::numeric_limits<int64_t>::max();

// Reads a JSON array of integers, or an object with such an array `ids` (configs/traces/README.md).  Throws
// UserError when the file is missing or does not have this form, and for an id outside [0, vocab_size),
// naming its position.
std::vector<int64_t> ReadTokenIds(const std::string& path, int64_t vocab_size);
// The same from a string.  Error messages name `origin` as its source.
std::vector<int64_t> ParseTokenIds(const std::string& json, const std::string& origin, int64_t vocab_size);

}  // namespace plelab
