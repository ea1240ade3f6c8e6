#include "model/media/image_codecs.h"

#include <cstring>
#include <string_view>

namespace plelab {
namespace {

// EXIF is a small TIFF file, of which only one entry matters here.
constexpr uint64_t kOrientationTag = 0x0112;
constexpr uint64_t kByte = 1, kShort = 3, kLong = 4;  // the integer types of TIFF

// Reads numbers in the block's byte order; anything outside the block reads as 0.
class TiffReader {
 public:
  TiffReader(std::span<const std::byte> bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  uint64_t Unsigned(uint64_t at, uint64_t size) const {
    if (at > bytes_.size() || size > bytes_.size() - at) return 0;
    uint64_t value = 0;
    for (uint64_t i = 0; i < size; ++i) {
      value = value << 8 | std::to_integer<uint64_t>(bytes_[at + (big_endian_ ? i : size - 1 - i)]);
    }
    return value;
  }

 private:
  std::span<const std::byte> bytes_;
  bool big_endian_;
};

bool StartsWith(std::span<const std::byte> bytes, std::string_view text) {
  return bytes.size() >= text.size() && std::memcmp(bytes.data(), text.data(), text.size()) == 0;
}

uint64_t WidthOfType(uint64_t type) { return type == kByte ? 1 : type == kShort ? 2 : type == kLong ? 4 : 0; }

}  // namespace

int ExifOrientation(std::span<const std::byte> exif) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  if (StartsWith(exif, kPrefix)) exif = exif.subspan(kPrefix.size());
  const bool big_endian = StartsWith(exif, "MM");
  if (!big_endian && !StartsWith(exif, "II")) return 1;
  const TiffReader tiff(exif, big_endian);
  const uint64_t directory = tiff.Unsigned(4, 4);
  const uint64_t entries = tiff.Unsigned(directory, 2);
  for (uint64_t i = 0; i < entries; ++i) {
    const uint64_t entry = directory + 2 + 12 * i;  // tag, type, count, value
    if (tiff.Unsigned(entry, 2) != kOrientationTag) continue;
    const uint64_t width = WidthOfType(tiff.Unsigned(entry + 2, 2));
    const uint64_t value = tiff.Unsigned(entry + 8, width);
    return tiff.Unsigned(entry + 4, 4) == 1 && value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

}  // namespace plelab
