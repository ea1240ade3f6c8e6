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

void CheckWav(const FileDescriptor& file) {
  constexpr uint32_t kStreamed = 0xFFFFFFFF;  // a length that the writer did not know
  const bool big_endian = Has(ReadSome(file, 0, 4), 0, "RIFX");
  for (int64_t at = 12;;) {
    const Bytes chunk = ReadSome(file, at, 8);
    if (chunk.size() < 8) return;  // no samples: left for libsndfile to report
    const bool samples = Has(chunk, 0, "data");
    const uint32_t size = Word(chunk, 4, big_endian);
    if (samples && size == kStreamed) return;
    const int64_t end = at + 8 + size;
    if (end > file.size_bytes())
      Truncated(file, samples ? "the chunk of samples" : "a chunk before the samples", end);
    if (samples) return;
    at = end + size % 2;
  }
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

void CheckOgg(const FileDescriptor& file) {
  constexpr auto kLastPage = std::byte{4};
  bool last = false;
  for (int64_t at = 0; at < file.size_bytes();) {
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
  if (!last)
    throw UserError("{}: truncated: the OGG's last page is missing; expected a whole recording", file.path());
}

}  // namespace

AudioContainer DetectContainer(const FileDescriptor& file) {
  const Bytes start = ReadSome(file, 0, 12);
  if (start.empty()) throw UserError("{}: the file is empty; expected a WAV, FLAC or OGG sound", file.path());
  if ((Has(start, 0, "RIFF") || Has(start, 0, "RIFX")) && Has(start, 8, "WAVE")) return AudioContainer::kWav;
  if (Has(start, 0, "fLaC")) return AudioContainer::kFlac;
  if (Has(start, 0, "OggS")) return AudioContainer::kOgg;
  throw UserError("{}: neither WAV, FLAC nor OGG by its content; convert it to one of them", file.path());
}

void CheckComplete(const FileDescriptor& file, AudioContainer container) {
  switch (container) {
    case AudioContainer::kWav:
      return CheckWav(file);
    case AudioContainer::kOgg:
      return CheckOgg(file);
    case AudioContainer::kFlac:
      return;
  }
}

}  // namespace plelab
