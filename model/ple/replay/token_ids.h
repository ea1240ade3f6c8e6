// Reads a file of token ids.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plelab {

// Reads a JSON array of integers, or an object with such an array `ids` (configs/traces/README.md).  Throws
// UserError when the file is missing or does not have this form, and for an id outside [0, vocab_size),
// naming its position.
std::vector<int64_t> ReadTokenIds(const std::string& path, int64_t vocab_size);
// The same from a string.  Error messages name `origin` as its source.
std::vector<int64_t> ParseTokenIds(const std::string& json, const std::string& origin, int64_t vocab_size);

}  // namespace plelab
