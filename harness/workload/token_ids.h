// A file of token ids made beforehand.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plelab {

// A JSON array of integers, or an object with such an array `ids` (configs/traces/README.md).  Throws
// UserError when the file is missing, is not of this form, or holds an id outside [0, vocab_size), naming its
// position.
std::vector<int64_t> ReadTokenIds(const std::string& path, int64_t vocab_size);
// The same from text; `origin` is what errors call it.
std::vector<int64_t> ParseTokenIds(const std::string& json, const std::string& origin, int64_t vocab_size);

}  // namespace plelab
