#include "model/media/audio_container.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>
#include <vector>

#include "model/base/error.h"

namespace plelab {
namespace {

using Bytes = std::vector<std::byte>;

// Returns fewer bytes than asked when the file ends.
Bytes ReadSome(const FileDescriptor& file, int64_t offset, int64_t count) {
  Bytes bytes(static_cast<size_t>(std::clamp<int64_t>(file.size_bytes() - offset, 0, count)));
  file.Read(offset, bytes);
  return bytes;
}

bool Has(const Bytes& bytes, size_t at, std::string_view text) {
  return bytes.size() >= at + text.size() && std::memcmp(bytes.data() + at, text.data(), text.size()) == 0;
}

uint32_t Word(const Bytes& bytes, size_t at, bool big_endian) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) {
    value = value << 8 | std::to_integer<uint32_t>(bytes[at + (big_endian ? i : 3 - i)]);
  }
  return value;
}

[[noreturn]] void Truncated(const FileDescriptor& file, std::string_view what, int64_t end) {
  throw UserError("{}: truncated: {} ends at byte {}, the file has {}; expected a whole recording",
                  file.path(), what, end, file.size_bytes());
}

// A number of `size` bytes as WAV stores it.
Bytes NumberBytes(uint64_t value, size_t size, bool big_endian) {
  Bytes bytes(size);
  for (size_t i = 0; i < size; ++i, value >>= 8) {
    bytes[big_endian ? size - 1 - i : i] = static_cast<std::byte>(value & 0xFF);
  }
  return bytes;
}

// Where the samples of a WAV are, by its header.
struct SampleChunk {
  int64_t at = -1;          // of the samples; −1: there are none
  uint64_t bytes = 0;       // as the header says
  int64_t length_at = 0;    // where it says so …
  size_t length_bytes = 4;  // … in so many bytes: 8 in RF64, where the chunk `ds64` has the length
  bool big_endian = false;
};

constexpr int64_t kChunkHeaderBytes = 8;  // name and length
constexpr uint32_t kLengthElsewhere = 0xFFFFFFFF;

// Returns a chunk at −1 where libsndfile has something to say: the file has no chunk of samples.
SampleChunk FindSamples(const FileDescriptor& file) {
  const Bytes start = ReadSome(file, 0, 4);
  SampleChunk samples{.big_endian = Has(start, 0, "RIFX")};
  int64_t long_lengths = 0;  // where `ds64` begins
  for (int64_t at = 12;;) {
    const Bytes chunk = ReadSome(file, at, kChunkHeaderBytes);
    if (chunk.size() < kChunkHeaderBytes) return samples;
    const uint32_t size = Word(chunk, 4, samples.big_endian);
    const int64_t body = at + kChunkHeaderBytes, end = body + size;
    if (Has(chunk, 0, "data")) {
      samples.at = body;
      samples.bytes = size;
      samples.length_at = body - 4;
      if (Has(start, 0, "RF64") && size == kLengthElsewhere && long_lengths > 0) {
        samples.length_at = long_lengths + kChunkHeaderBytes + 8;  // after the length of the file
        samples.length_bytes = 8;
        const Bytes length = ReadSome(file, samples.length_at, 8);
        if (length.size() < 8) return {};
        samples.bytes = uint64_t{Word(length, 4, false)} << 32 | Word(length, 0, false);
      }
      return samples;
    }
    if (end > file.size_bytes()) Truncated(file, "a chunk before the samples", end);
    if (Has(chunk, 0, "ds64")) long_lengths = at;
    at = end + size % 2;
  }
}

// Whether chunks fill the file from `at` to its end: what follows is then no samples.
bool IsFilledWithChunks(const FileDescriptor& file, int64_t at, bool big_endian) {
  while (at < file.size_bytes()) {
    const Bytes chunk = ReadSome(file, at, kChunkHeaderBytes);
    if (chunk.size() < kChunkHeaderBytes) return false;
    const uint32_t size = Word(chunk, 4, big_endian);
    at += kChunkHeaderBytes + size + size % 2;
  }
  return at == file.size_bytes();
}

OpenEnd CheckWav(const FileDescriptor& file) {
  constexpr uint64_t kLeastOfPipes = 0x7FFF'0000;  // lengths from here on stand for an unknown one
  const SampleChunk samples = FindSamples(file);
  if (samples.at < 0) return {};
  const auto left = static_cast<uint64_t>(file.size_bytes() - samples.at);
  const bool is_empty = samples.bytes == 0 && IsFilledWithChunks(file, samples.at, samples.big_endian);
  if (is_empty || (samples.bytes > 0 && samples.bytes <= left)) return {};
  if (samples.bytes > 0 && samples.bytes < kLeastOfPipes) {
    Truncated(file, "the chunk of samples", samples.at + static_cast<int64_t>(samples.bytes));
  }
  const uint64_t most = samples.length_bytes == 8 ? left : std::min<uint64_t>(left, kLengthElsewhere - 1);
  return {Format("{}: its header does not know how long the recording is (from a pipe?); read to the end of "
                 "the file",
                 file.path()),
          samples.length_at, NumberBytes(most, samples.length_bytes, samples.big_endian)};
}

// The CRC-32 of OGG: polynomial 0x04C11DB7, highest bit first, no inversions.
uint32_t OggChecksum(const Bytes& page) {
  static const auto kTable = [] {
    std::array<uint32_t, 256> table;
    for (uint32_t i = 0; i < 256; ++i) {
      uint32_t value = i << 24;
      for (int bit = 0; bit < 8; ++bit) value = value << 1 ^ (value >> 31 ? 0x04C11DB7 : 0);
      table[i] = value;
    }
    return table;
  }();
  uint32_t checksum = 0;
  for (const std::byte byte : page) {
    checksum = checksum << 8 ^ kTable[checksum >> 24 ^ std::to_integer<uint32_t>(byte)];
  }
  return checksum;
}

constexpr int64_t kOggHeaderBytes = 27;
constexpr size_t kOggFlags = 5, kOggChecksum = 22, kOggSegments = 26;  // offsets in the page header

Bytes ReadOggPage(const FileDescriptor& file, int64_t at) {
  Bytes page = ReadSome(file, at, kOggHeaderBytes + 255);
  if (!Has(page, 0, "OggS")) {
    throw UserError("{}: damaged OGG: expected a page at byte {}, found something else", file.path(), at);
  }
  const int64_t table = kOggHeaderBytes;
  if (page.size() < static_cast<size_t>(table)) Truncated(file, "a page", at + table);
  const auto segments = std::to_integer<int64_t>(page[kOggSegments]);
  if (page.size() < static_cast<size_t>(table + segments)) Truncated(file, "a page", at + table + segments);
  int64_t size = table + segments;
  for (int64_t i = 0; i < segments; ++i)
    size += std::to_integer<int64_t>(page[static_cast<size_t>(table + i)]);
  if (at + size > file.size_bytes()) Truncated(file, "a page", at + size);
  return ReadSome(file, at, size);
}

OpenEnd CheckOgg(const FileDescriptor& file) {
  constexpr auto kLastPage = std::byte{4};
  bool last = false;
  for (int64_t at = 0; at < file.size_bytes();) {
    if (last && !Has(ReadSome(file, at, 4), 0, "OggS")) return {};  // tags, or a disk's padding
    Bytes page = ReadOggPage(file, at);
    const uint32_t expected = Word(page, kOggChecksum, /*big_endian=*/false);
    std::fill_n(page.begin() + kOggChecksum, 4, std::byte{0});
    const uint32_t found = OggChecksum(page);
    if (found != expected) {
      throw UserError("{}: damaged OGG: the page at byte {} has checksum {:08x}, expected {:08x}",
                      file.path(), at, found, expected);
    }
    last = (page[kOggFlags] & kLastPage) != std::byte{0};
    at += static_cast<int64_t>(page.size());
  }
  if (last) return {};
  return {.note = Format(
              "{}: no OGG page is marked as the last one (a recorded stream?); read to the end of the file",
              file.path())};
}

}  // namespace

AudioContainer DetectContainer(const FileDescriptor& file) {
  const Bytes start = ReadSome(file, 0, 12);
  if (start.empty()) throw UserError("{}: the file is empty; expected a WAV, FLAC or OGG sound", file.path());
  const bool riff = Has(start, 0, "RIFF") || Has(start, 0, "RIFX") || Has(start, 0, "RF64");
  if (riff && Has(start, 8, "WAVE")) return AudioContainer::kWav;
  if (Has(start, 0, "fLaC")) return AudioContainer::kFlac;
  if (Has(start, 0, "OggS")) return AudioContainer::kOgg;
  throw UserError("{}: neither WAV, FLAC nor OGG by its content; convert it to one of them", file.path());
}

OpenEnd CheckComplete(const FileDescriptor& file, AudioContainer container) {
  switch (container) {
    case AudioContainer::kWav:
      return CheckWav(file);
    case AudioContainer::kOgg:
      return CheckOgg(file);
    case AudioContainer::kFlac:
      return {};
  }
  return {};
}

}  // namespace plelab
