// Audio is read as libsndfile and soxr read it in Python; damaged files are refused with a one-line error.
#include "model/media/audio_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <numbers>

#include "tests/support/golden.h"
#include "tests/support/media.h"

namespace plelab {
namespace audio_file_test {

using ::testing::AllOf;
using testing::ErrorOf;
using ::testing::HasSubstr;
using testing::MediaNames;
using testing::MediaPath;
using ::testing::Not;
using testing::ReadText;
using testing::WriteMedia;

template <class T>
std::string Little(T value) {
  std::string bytes(sizeof(T), '\0');
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

// A WAV of float samples, whose header may give a false number of the bytes that follow.
std::string FloatWav(const std::vector<float>& samples, uint32_t rate, uint16_t channels = 1,
                     int64_t claimed = -1) {
  const auto bytes = static_cast<uint32_t>(samples.size() * sizeof(float));
  const uint32_t size = claimed < 0 ? bytes : static_cast<uint32_t>(claimed);
  std::string data(bytes, '\0');
  if (bytes > 0) std::memcpy(data.data(), samples.data(), bytes);
  const uint16_t frame_bytes = static_cast<uint16_t>(channels * sizeof(float));
  return "RIFF" + Little(36 + size) + "WAVEfmt " + Little<uint32_t>(16) + Little<uint16_t>(3) +
         Little(channels) + Little(rate) + Little<uint32_t>(rate * frame_bytes) + Little(frame_bytes) +
         Little<uint16_t>(32) + "data" + Little(size) + data;
}

std::vector<float> Tone(double hertz, uint32_t rate, int64_t samples) {
  std::vector<float> tone;
  for (int64_t i = 0; i < samples; ++i) {
    tone.push_back(
        static_cast<float>(0.5 * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / rate)));
  }
  return tone;
}

class AudioFile : public ::testing::Test {
 protected:
  torch::Tensor Read(const std::string& bytes, bool truncate = false) const {
    return ReadAudio(WriteMedia(folder_, "sound", bytes), {.truncate = truncate});
  }
  std::string ErrorOfBytes(const std::string& bytes) const {
    const std::string error = ErrorOf([&] { Read(bytes); });
    EXPECT_THAT(error, AllOf(HasSubstr(folder_ / "sound"), Not(HasSubstr("\n"))));
    return error;
  }
  testing::TemporaryFolder folder_;
};

// Lossy decoders of other versions may differ by rounding: 1e-4 of full scale (16 bits resolve 3e-5).
TEST_F(AudioFile, SoundsOfEveryKindEqualPythonsLibsndfileAndSoxr) {
  const auto goldens = ReadTensors(MediaPath("resampled.safetensors"));
  ASSERT_EQ(goldens.size(), MediaNames({".wav", ".flac", ".ogg"}).size());
  for (const auto& [name, reference] : goldens) {
    const auto samples = ReadAudio(MediaPath(name), {});
    ASSERT_EQ(samples.numel(), reference.numel()) << name;
    EXPECT_GT(MaxAbs(reference), 0.1) << name;
    EXPECT_LE(MaxAbs(samples - reference), 1e-4) << name;
  }
}

TEST_F(AudioFile, ResamplingKeepsATone) {
  for (const uint32_t rate : {8'000u, 22'050u, 44'100u, 96'000u}) {
    const auto samples = Read(FloatWav(Tone(440, rate, rate), rate));
    EXPECT_NEAR(static_cast<double>(samples.numel()), 16'000, 1) << rate;
    const auto spectrum = torch::fft_rfft(samples.narrow(0, 0, 15'000) * torch::hann_window(15'000)).abs();
    EXPECT_NEAR(spectrum.argmax().item<double>() * 16'000 / 15'000, 440, 1) << rate;
    EXPECT_NEAR(MaxAbs(samples.narrow(0, 4'000, 8'000)), 0.5, 1e-3) << rate;
  }
}

TEST_F(AudioFile, ChannelsAreAveraged) {
  const auto samples = Read(FloatWav({0.5f, 0.25f, -1.0f, 1.0f, 0.0f, 0.125f}, 16'000, 2));
  EXPECT_TRUE(torch::equal(samples, torch::tensor({0.375f, 0.0f, 0.0625f})));
}

TEST_F(AudioFile, ThirtySecondsPassAndOneSampleMoreDoesNot) {
  EXPECT_EQ(Read(FloatWav(std::vector<float>(480'000, 0.1f), 16'000)).numel(), 480'000);
  const std::string longer = FloatWav(std::vector<float>(480'001, 0.1f), 16'000);
  EXPECT_THAT(ErrorOfBytes(longer), AllOf(HasSubstr("longer than 30 s"), HasSubstr("--truncate")));
  EXPECT_EQ(Read(longer, /*truncate=*/true).numel(), 480'000);
}

TEST_F(AudioFile, ACutAtAnotherRateIsTheStartOfTheWhole) {
  const auto whole = Read(FloatWav(Tone(300, 8'000, 240'000), 8'000));
  const auto cut = Read(FloatWav(Tone(300, 8'000, 400'000), 8'000), /*truncate=*/true);
  EXPECT_EQ(cut.numel(), 480'000);
  EXPECT_LE(MaxAbs((cut - whole).narrow(0, 0, 479'000)), 1e-5);
}

TEST_F(AudioFile, WhatIsNoSoundIsRefused) {
  EXPECT_THAT(ErrorOfBytes(""), HasSubstr("empty"));
  EXPECT_THAT(ErrorOfBytes("a text file, renamed\n"), HasSubstr("neither WAV, FLAC nor OGG"));
  EXPECT_THAT(ErrorOfBytes("OggS"), HasSubstr("truncated"));
  EXPECT_THAT(ErrorOfBytes("fLaC"), HasSubstr("damaged"));
  EXPECT_THAT(ErrorOfBytes(std::string("RIFF\0\0\0\0WAVE", 12)), HasSubstr("damaged"));
  EXPECT_THAT(ErrorOfBytes(FloatWav({}, 16'000)), HasSubstr("no samples"));
  EXPECT_THAT(ErrorOfBytes(FloatWav({0.5f}, 2)), HasSubstr("2 samples per second"));
  EXPECT_THAT(ErrorOf([] { ReadAudio("no/such/sound.wav", {}); }), HasSubstr("no/such/sound.wav"));
}

TEST_F(AudioFile, SamplesThatAreNoNumbersAreRefused) {
  const float nan = std::numeric_limits<float>::quiet_NaN(),
              infinity = std::numeric_limits<float>::infinity();
  EXPECT_THAT(ErrorOfBytes(FloatWav({0.1f, nan, 0.2f}, 16'000)), HasSubstr("sample 1 is nan"));
  EXPECT_THAT(ErrorOfBytes(FloatWav({0.1f, 0.2f, -infinity}, 44'100)), HasSubstr("sample 2 is -inf"));
}

TEST_F(AudioFile, EveryTruncationIsRefused) {
  for (const std::string name : {"mono_8k.wav", "stereo_44k.flac", "stereo_44k.ogg", "opus_48k.ogg"}) {
    const std::string whole = ReadText(MediaPath(name));
    for (size_t size = 0; size < whole.size(); size += whole.size() / 60) ErrorOfBytes(whole.substr(0, size));
    ErrorOfBytes(whole.substr(0, whole.size() - 1));
  }
}

TEST_F(AudioFile, DamageIsRefusedWhereTheFormatCanTell) {
  for (const std::string name : {"stereo_44k.flac", "stereo_44k.ogg"}) {
    std::string bytes = ReadText(MediaPath(name));
    bytes[bytes.size() / 2] ^= 0x21;
    EXPECT_THAT(ErrorOfBytes(bytes), HasSubstr("damaged")) << name;
  }
}

// Two gigabytes according to the header, but actually forty bytes.
TEST_F(AudioFile, AHeadersWordOnLengthIsNotTaken) {
  EXPECT_THAT(ErrorOfBytes(FloatWav({0.5f}, 16'000, 1, 0x7FFEFFF0)), HasSubstr("truncated"));
  std::string flac = ReadText(MediaPath("stereo_44k.flac"));
  std::memset(flac.data() + 22, 0xFF, 4);  // STREAMINFO's count of samples, lower 32 of its 36 bits
  EXPECT_THAT(ErrorOfBytes(flac), HasSubstr("longer than 30 s")) << "before anything is decoded";
  EXPECT_THAT(ErrorOf([&] { Read(flac, /*truncate=*/true); }), HasSubstr("truncated"));
}

// A file written to a pipe: the header does not know the length, and the samples end with the file.
TEST_F(AudioFile, AStreamedWavIsReadToItsEnd) {
  const std::vector<float> samples(1000, 0.25f);
  for (const int64_t claimed : {int64_t{0}, int64_t{0x7FFFF000}, int64_t{0x80000000}, int64_t{0xFFFFFFFF}}) {
    EXPECT_TRUE(torch::equal(Read(FloatWav(samples, 16'000, 1, claimed)), torch::full({1000}, 0.25f)))
        << claimed;
    EXPECT_THAT(AudioNote(folder_ / "sound"), HasSubstr("read to the end of the file")) << claimed;
  }
  EXPECT_EQ(AudioNote(MediaPath("mono_16k.wav")), "");
  EXPECT_THAT(AudioNote(MediaPath("recorded.ogg")), HasSubstr("no OGG page is marked as the last one"));
  EXPECT_EQ(AudioNote(MediaPath("tagged.ogg")), "");
}

TEST_F(AudioFile, AnEmptyWavWithOtherChunksHasNoSamples) {
  const std::string list = "LIST" + Little<uint32_t>(4) + "INFO";
  EXPECT_THAT(ErrorOfBytes(FloatWav({}, 16'000) + list), HasSubstr("no samples"));
}

// The chunk ds64 has the length of the samples, in 64 bits.
TEST_F(AudioFile, Rf64IsReadAndItsLengthChecked) {
  const std::string whole = ReadText(MediaPath("rf64.wav"));
  const size_t length = whole.find("ds64") + 16;
  const auto with_length = [&](uint64_t bytes) {
    return std::string(whole).replace(length, 8, Little(bytes));
  };
  EXPECT_EQ(Read(whole).numel(), 800);
  EXPECT_EQ(Read(with_length(~uint64_t{0})).numel(), 800) << "from a pipe";
  EXPECT_EQ(Read(with_length(0)).numel(), 800) << "from a pipe";
  EXPECT_THAT(ErrorOfBytes(with_length(5'000'000)), HasSubstr("truncated"));
  EXPECT_THAT(ErrorOfBytes(whole.substr(0, whole.size() - 1)), HasSubstr("truncated"));
}

TEST_F(AudioFile, RatesAndChannelsHaveTheirLimits) {
  EXPECT_THAT(ErrorOfBytes(FloatWav({0.5f}, 999)),
              HasSubstr("999 samples per second; expected 1000 to 768000"));
  EXPECT_NEAR(static_cast<double>(Read(FloatWav(std::vector<float>(100, 0.5f), 1'000)).numel()), 1'600, 1);
  EXPECT_THAT(ErrorOfBytes(FloatWav({0.5f}, 768'001)), HasSubstr("768001 samples per second"));
  EXPECT_NEAR(static_cast<double>(Read(FloatWav(std::vector<float>(4'800, 0.5f), 768'000)).numel()), 100, 1);
  EXPECT_THAT(ErrorOfBytes(FloatWav(std::vector<float>(65, 0.5f), 16'000, 65)),
              HasSubstr("65 channels; expected 1 to 64"));
  EXPECT_EQ(Read(FloatWav(std::vector<float>(64, 0.5f), 16'000, 64)).numel(), 1);
}

TEST_F(AudioFile, ALengthThatStandsForNoneBeginsAt7FFF0000) {
  const std::vector<float> samples(10, 0.25f);
  EXPECT_EQ(Read(FloatWav(samples, 16'000, 1, 0x7FFF0000)).numel(), 10);
  EXPECT_THAT(ErrorOfBytes(FloatWav(samples, 16'000, 1, 0x7FFEFFFF)),
              HasSubstr("truncated: the chunk of samples ends at byte 2147418155, the file has 84"));
  EXPECT_THAT(ErrorOfBytes(FloatWav(samples, 16'000, 1, 41)), HasSubstr("ends at byte 85, the file has 84"));
}

// A chunk of an odd length is followed by a byte that belongs to none.
TEST_F(AudioFile, ChunksOfOddLengthsArePadded) {
  const auto with_note = [](const std::string& wav, uint32_t length, const std::string& text) {
    return std::string(wav).insert(36, "note" + Little(length) + text);
  };
  const std::vector<float> samples(10, 0.25f);
  EXPECT_EQ(Read(with_note(FloatWav(samples, 16'000), 3, std::string("abc\0", 4))).numel(), 10);
  EXPECT_THAT(ErrorOfBytes(with_note(FloatWav(samples, 16'000, 1, 41), 3, std::string("abc\0", 4))),
              HasSubstr("the chunk of samples ends at byte 97, the file has 96"));
  EXPECT_THAT(ErrorOfBytes(with_note(FloatWav(samples, 16'000), 5'000, "abcd")),
              HasSubstr("truncated: a chunk before the samples ends at byte 5044, the file has 96"));
  const std::string odd = "note" + Little<uint32_t>(3) + std::string("abc\0", 4);
  EXPECT_THAT(ErrorOfBytes(FloatWav({}, 16'000) + odd), HasSubstr("no samples"));
  EXPECT_EQ(AudioNote(WriteMedia(folder_, "sound", FloatWav({}, 16'000) + odd)), "");
  EXPECT_THAT(AudioNote(WriteMedia(folder_, "sound", FloatWav(samples, 16'000, 1, 0))),
              HasSubstr("sound: its header does not know how long the recording is (from a pipe?)"));
}

TEST_F(AudioFile, AnOggPageThatIsDamagedOrMissingIsNamedByItsPlace) {
  const std::string whole = ReadText(MediaPath("recorded.ogg"));
  std::string damaged = whole;
  damaged[5] = static_cast<char>(damaged[5] ^ 8);
  EXPECT_THAT(ErrorOfBytes(damaged), HasSubstr("damaged OGG: the page at byte 0 has checksum "));
  EXPECT_THAT(
      ErrorOfBytes(whole + "abcd"),
      HasSubstr(Format("damaged OGG: expected a page at byte {}, found something else", whole.size())));
  EXPECT_THAT(ErrorOfBytes(whole.substr(0, 20)),
              HasSubstr("truncated: a page ends at byte 27, the file has 20"));
  EXPECT_THAT(ErrorOfBytes(whole.substr(0, 27)), HasSubstr("the file has 27"));
}

}  // namespace audio_file_test
}  // namespace plelab
