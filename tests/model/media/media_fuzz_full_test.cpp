// Has the label `full`.  Most useful under the asan preset.
#include <gtest/gtest.h>

#include "tests/support/media_fuzz.h"

namespace plelab::testing {
namespace {

constexpr int kFiles = 1000;

TEST(MediaFuzzFull, DamagedPngsDecodeOrAreRefused) { FuzzPictures(".png", kFiles); }
TEST(MediaFuzzFull, DamagedJpegsDecodeOrAreRefused) { FuzzPictures(".jpg", kFiles); }
TEST(MediaFuzzFull, DamagedWavsDecodeOrAreRefused) { FuzzSounds(".wav", kFiles); }
TEST(MediaFuzzFull, DamagedFlacsDecodeOrAreRefused) { FuzzSounds(".flac", kFiles); }
TEST(MediaFuzzFull, DamagedOggsDecodeOrAreRefused) { FuzzSounds(".ogg", kFiles); }

}  // namespace
}  // namespace plelab::testing
