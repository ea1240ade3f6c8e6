// Damaged media through the front ends: each decodes or is refused in one line.
#pragma once

#include <string>

namespace plelab::testing {

// `count` mutations of the files in tests/data/media with this ending (".png"); PLELAB_FUZZ_COUNT overrides
// it. Adds a test failure for any other exception and for an error of several lines, naming the seed.
void FuzzPictures(const std::string& ending, int count);
void FuzzSounds(const std::string& ending, int count);

}  // namespace plelab::testing
