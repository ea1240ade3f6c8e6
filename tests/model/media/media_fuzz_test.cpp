// A short run; media_fuzz_full_test.cpp is the long one.
#include "tests/support/media_fuzz.h"

#include <gtest/gtest.h>

namespace plelab::testing {
namespace {

constexpr int kFiles = 50;

TEST(MediaFuzz, DamagedPngsDecodeOrAreRefused) { FuzzPictures(".png", kFiles); }
TEST(MediaFuzz, DamagedJpegsDecodeOrAreRefused) { FuzzPictures(".jpg", kFiles); }
TEST(MediaFuzz, DamagedWavsDecodeOrAreRefused) { FuzzSounds(".wav", kFiles); }
TEST(MediaFuzz, DamagedFlacsDecodeOrAreRefused) { FuzzSounds(".flac", kFiles); }
TEST(MediaFuzz, DamagedOggsDecodeOrAreRefused) { FuzzSounds(".ogg", kFiles); }

}  // namespace
}  // namespace plelab::testing
