// Damaged copies of files, the same for the same seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace plelab::testing {

using Random = std::mt19937_64;

// One to three of: bits flipped, bytes or a 32-bit number overwritten, a stretch removed, repeated or filled
// with noise, the end cut off, a piece of `other` pasted in.
std::string Mutate(std::string bytes, const std::string& other, Random& random);

// Checksums as the content demands, as far as the file still has chunks or pages: damage then reaches the
// decoder.
std::string WithPngChecksums(std::string png);
std::string WithOggChecksums(std::string ogg);

}  // namespace plelab::testing
