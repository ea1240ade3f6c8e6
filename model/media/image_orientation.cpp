#include "model/media/image_orientation.h"

#include <cstdint>
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

// The bytes of one number of TIFF's integer types.  PIL reads other types as text or fractions, which turn
// nothing.
uint64_t WidthOfType(uint64_t type) {
  switch (type) {
    case 3:  // SHORT
    case 8:  // SSHORT
      return 2;
    case 4:   // LONG
    case 9:   // SLONG
    case 13:  // IFD
      return 4;
    case 6:  // SBYTE
      return 1;
    default:
      return 0;
  }
}

constexpr uint64_t kEntryBytes = 12;  // tag, type, count, value or its place

// The first number of the entry at `entry`; 1 for a type that is none; nothing where PIL skips the entry.
std::optional<uint64_t> NumberOf(const TiffReader& tiff, uint64_t entry) {
  const uint64_t width = WidthOfType(tiff.Unsigned(entry + 2, 2)), count = tiff.Unsigned(entry + 4, 4);
  if (width == 0) return 1;
  if (count == 0) return std::nullopt;
  if (width * count <= 4) return tiff.Unsigned(entry + 8, width);
  const uint64_t place = tiff.Unsigned(entry + 8, 4);
  if (!tiff.Has(place, width * count)) return std::nullopt;
  return tiff.Unsigned(place, width);
}

std::optional<uint64_t> ExifOrientation(std::string_view exif) {
  constexpr std::string_view kPrefix("Exif\0\0", 6);
  while (exif.starts_with(kPrefix)) exif.remove_prefix(kPrefix.size());
  const bool big_endian = exif.starts_with("MM");
  if (!big_endian && !exif.starts_with("II")) return exif.empty() ? std::nullopt : std::optional<uint64_t>(1);
  const TiffReader tiff(exif, big_endian);
  const uint64_t directory = tiff.Unsigned(4, 4), entries = tiff.Unsigned(directory, 2);
  std::optional<uint64_t> found;
  for (uint64_t i = 0; i < entries; ++i) {
    const uint64_t entry = directory + 2 + kEntryBytes * i;
    if (!tiff.Has(entry, kEntryBytes)) break;
    if (tiff.Unsigned(entry, 2) != kOrientationTag) continue;
    if (const auto value = NumberOf(tiff, entry)) found = value;  // of several entries, the last one counts
  }
  return found;
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
