// Damaged copies of files, which depend only on the seed.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace plelab::testing {

using Random = std::mt19937_64;

// Applies one to three of these: flips bits, overwrites bytes or a 32-bit number, removes, repeats or fills a
// stretch with noise, cuts off the end, pastes in a piece of `other`.
std::string Mutate(std::string bytes, const std::string& other, Random& random);

// Corrects the checksums to match the content, as far as the file still has chunks or pages, so that the
// damage reaches the decoder.
std::string WithPngChecksums(std::string png);
std::string WithOggChecksums(std::string ogg);

}  // namespace plelab::testing
