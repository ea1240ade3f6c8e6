// Feeds damaged media to the front ends, which must either decode them or refuse them with a one-line error.
#pragma once

#include <string>

namespace plelab::testing {

// Reads `count` mutations of the files in tests/data/media with this ending (".png"); PLELAB_FUZZ_COUNT
// overrides `count`.  Adds a test failure, naming the seed, for any exception but a UserError and for an
// error of several lines.
void FuzzPictures(const std::string& ending, int count);
void FuzzSounds(const std::string& ending, int count);

}  // namespace plelab::testing
