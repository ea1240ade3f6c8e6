#include "model/media/image_orientation.h"

#include <cstdint>
#include <iterator>
#include <optional>

namespace plelab {
namespace {

constexpr uint64_t kOrientationTag = 0x0112;

// Reads numbers of EXIF, which is a small TIFF file, in its byte order; anything outside the block reads as
// 0.
class TiffReader {
 public:
  TiffReader(std::string_view bytes, bool big_endian) : bytes_(bytes), big_endian_(big_endian) {}

  uint64_t Unsigned(uint64_t at, uint64_t size) const {
    if (!Has(at, size)) return 0;
    uint64_t value = 0;
    for (uint64_t i = 0; i < size; ++i) {
      value = value << 8 | static_cast<unsigned char>(bytes_[at + (big_endian_ ? i : size - 1 - i)]);
    }
    return value;
  }
  bool Has(uint64_t at, uint64_t size) const { return at <= bytes_.size() && size <= bytes_.size() - at; }

 private:
  std::string_view bytes_;
  bool big_endian_;
};

// The bytes of one value of TIFF's types; 0 for a type that is none of them.
uint64_t WidthOfType(uint64_t type) {
  constexpr uint64_t kWidths[] = {0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8};
  return type < std::size(kWidths) ? kWidths[type] : 0;
}

// PIL reads the other types as bytes, text or fractions, which turn nothing.
bool IsInteger(uint64_t type) {
  constexpr uint64_t kShort = 3, kLong = 4, kSByte = 6, kSShort = 8, kSLong = 9, kIfd = 13, kLong8 = 16;
  for (const uint64_t integer : {kShort, kLong, kSByte, kSShort, kSLong, kIfd, kLong8}) {
    if (type == integer) return true;
  }
  return false;
}

// What PIL takes for the entry's first value in the directory at `directory`; 1 for what is no integer.  As
// there, values that lie outside end the directory, and those that are larger than the block together are
// passed over.
std::optional<uint64_t> OrientationIn(const TiffReader& tiff, uint64_t directory) {
  constexpr uint64_t kEntryBytes = 12, kInlineBytes = 4;  // tag, type, count, values or their place
  const uint64_t entries = tiff.Unsigned(directory, 2);
  uint64_t total_bytes = 0;
  for (uint64_t i = 0; i < entries; ++i) {
    const uint64_t entry = directory + 2 + kEntryBytes * i;
    if (!tiff.Has(entry, kEntryBytes)) break;
    const uint64_t type = tiff.Unsigned(entry + 2, 2), width = WidthOfType(type);
    const uint64_t bytes = width * tiff.Unsigned(entry + 4, 4);
    uint64_t place = entry + 8;
    if (bytes > kInlineBytes) {
      total_bytes += bytes;
      if (!tiff.Has(0, total_bytes)) continue;
      place = tiff.Unsigned(place, 4);
      if (!tiff.Has(place, bytes)) break;
    }
    if (bytes == 0 || tiff.Unsigned(entry, 2) != kOrientationTag) continue;
    return IsInteger(type) ? tiff.Unsigned(place, width) : 1;
  }
  return std::nullopt;
}

std::optional<uint64_t> ExifOrientation(std::string_view exif) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  while (exif.starts_with(kPrefix)) exif.remove_prefix(kPrefix.size());
  const bool big_endian = exif.starts_with("MM");
  if (!big_endian && !exif.starts_with("II")) return exif.empty() ? std::nullopt : std::optional<uint64_t>(1);
  const TiffReader tiff(exif, big_endian);
  return OrientationIn(tiff, tiff.Unsigned(4, 4));
}

// The digit of the first match of PIL's pattern tiff:Orientation(="|>)([0-9]).
std::optional<uint64_t> XmpOrientation(std::string_view xmp) {
  constexpr std::string_view kName = "tiff:Orientation";
  for (size_t at = xmp.find(kName); at != xmp.npos; at = xmp.find(kName, at + 1)) {
    std::string_view rest = xmp.substr(at + kName.size());
    if (rest.starts_with("=\""))
      rest.remove_prefix(2);
    else if (rest.starts_with(">"))
      rest.remove_prefix(1);
    else
      continue;
    if (!rest.empty() && rest.front() >= '0' && rest.front() <= '9')
      return static_cast<uint64_t>(rest.front() - '0');
  }
  return std::nullopt;
}

}  // namespace

int ImageOrientation(const ImageMetadata& metadata) {
  auto value = ExifOrientation(metadata.exif);
  if (!value) value = XmpOrientation(metadata.xmp);
  return value && *value >= 1 && *value <= 8 ? static_cast<int>(*value) : 1;
}

}  // namespace plelab
