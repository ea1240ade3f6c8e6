#include "tests/support/mutate.h"

#include <algorithm>
#include <array>
#include <numeric>

namespace plelab::testing {
namespace {

size_t Below(size_t bound, Random& random) { return bound == 0 ? 0 : static_cast<size_t>(random() % bound); }

void FlipBits(std::string& bytes, Random& random) {
  for (size_t i = 1 + Below(16, random); i > 0; --i) {
    bytes[Below(bytes.size(), random)] ^= static_cast<char>(1 << Below(8, random));
  }
}

void OverwriteNumber(std::string& bytes, Random& random) {
  static const std::array<std::string, 6> kNumbers = {std::string("\0\0\0\0", 4),
                                                      "\xFF\xFF\xFF\xFF",
                                                      "\x7F\xFF\xFF\xFF",
                                                      std::string("\x80\0\0\0", 4),
                                                      std::string("\0\0\xFF\xFF", 4),
                                                      std::string("\xFF\xFF\0\0", 4)};
  const std::string& number = kNumbers[Below(kNumbers.size(), random)];
  const size_t at = Below(bytes.size(), random);
  bytes.replace(at, std::min<size_t>(1 + Below(4, random), bytes.size() - at), number);
}

void Noise(std::string& bytes, Random& random) {
  const size_t at = Below(bytes.size(), random), count = Below(64, random);
  for (size_t i = at; i < std::min(at + count, bytes.size()); ++i) bytes[i] = static_cast<char>(random());
}

void Remove(std::string& bytes, Random& random) {
  bytes.erase(Below(bytes.size(), random), 1 + Below(64, random));
}

void Repeat(std::string& bytes, Random& random) {
  const std::string piece = bytes.substr(Below(bytes.size(), random), 1 + Below(256, random));
  bytes.insert(Below(bytes.size(), random), piece);
}

void Truncate(std::string& bytes, Random& random) { bytes.resize(Below(bytes.size(), random)); }

void Paste(std::string& bytes, const std::string& other, Random& random) {
  const size_t from = Below(other.size(), random);
  bytes.replace(Below(bytes.size(), random), Below(256, random), other.substr(from, Below(256, random)));
}

// One in four mutations goes to the first bytes, where headers are.
void MutateOnce(std::string& bytes, const std::string& other, Random& random) {
  if (bytes.empty()) return;
  const size_t head = std::min<size_t>(bytes.size(), 96);
  const std::string rest = random() % 4 == 0 ? bytes.substr(head) : std::string();
  if (!rest.empty()) bytes.resize(head);
  switch (random() % 8) {
    case 0:
    case 1:
      FlipBits(bytes, random);
      break;
    case 2:
      OverwriteNumber(bytes, random);
      break;
    case 3:
      Noise(bytes, random);
      break;
    case 4:
      Remove(bytes, random);
      break;
    case 5:
      Repeat(bytes, random);
      break;
    case 6:
      Truncate(bytes, random);
      break;
    default:
      Paste(bytes, other, random);
  }
  bytes += rest;
}

// The CRC-32 of PNG (reflected, inverted).
uint32_t PngChecksum(const std::string& bytes, size_t at, size_t count) {
  uint32_t value = 0xFFFFFFFF;
  for (size_t i = at; i < at + count; ++i) {
    value ^= static_cast<unsigned char>(bytes[i]);
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ (value & 1 ? 0xEDB88320 : 0);
  }
  return ~value;
}

// The CRC-32 of OGG (not reflected, not inverted).
uint32_t OggChecksum(const std::string& bytes, size_t at, size_t count) {
  uint32_t value = 0;
  for (size_t i = at; i < at + count; ++i) {
    value ^= static_cast<uint32_t>(static_cast<unsigned char>(bytes[i])) << 24;
    for (int bit = 0; bit < 8; ++bit) value = value << 1 ^ (value >> 31 ? 0x04C11DB7 : 0);
  }
  return value;
}

}  // namespace

std::string Mutate(std::string bytes, const std::string& other, Random& random) {
  for (size_t i = 1 + Below(3, random); i > 0; --i) MutateOnce(bytes, other, random);
  return bytes;
}

std::string WithPngChecksums(std::string png) {
  for (size_t at = 8; at + 12 <= png.size();) {
    size_t length = 0;
    for (size_t i = 0; i < 4; ++i) length = length << 8 | static_cast<unsigned char>(png[at + i]);
    if (length > png.size() - at - 12) break;
    const uint32_t checksum = PngChecksum(png, at + 4, length + 4);
    for (size_t i = 0; i < 4; ++i) png[at + 8 + length + i] = static_cast<char>(checksum >> (24 - 8 * i));
    at += length + 12;
  }
  return png;
}

std::string WithOggChecksums(std::string ogg) {
  constexpr size_t kHeader = 27, kChecksum = 22;
  for (size_t at = 0; at + kHeader <= ogg.size() && ogg.compare(at, 4, "OggS") == 0;) {
    const auto segments = static_cast<size_t>(static_cast<unsigned char>(ogg[at + kHeader - 1]));
    if (at + kHeader + segments > ogg.size()) break;
    const std::string table = ogg.substr(at + kHeader, segments);
    const size_t body = std::accumulate(table.begin(), table.end(), size_t{0}, [](size_t sum, char segment) {
      return sum + static_cast<unsigned char>(segment);
    });
    const size_t size = kHeader + segments + body;
    if (at + size > ogg.size()) break;
    std::fill_n(ogg.begin() + static_cast<int64_t>(at + kChecksum), 4, '\0');
    const uint32_t checksum = OggChecksum(ogg, at, size);
    for (size_t i = 0; i < 4; ++i) ogg[at + kChecksum + i] = static_cast<char>(checksum >> (8 * i));
    at += size;
  }
  return ogg;
}

}  // namespace plelab::testing
