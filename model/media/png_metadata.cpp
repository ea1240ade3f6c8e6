#include <zlib.h>

#include <algorithm>
#include <optional>

#include "model/media/image_orientation.h"

namespace plelab {
namespace {

constexpr size_t kMostTextBytes = 1 << 20;  // PIL's PngImagePlugin.MAX_TEXT_CHUNK
constexpr int kMostTexts = 64;              // of that size; PIL's MAX_TEXT_MEMORY is 64 MiB
constexpr std::string_view kRawProfile = "Raw profile type exif", kXmp = "XML:com.adobe.xmp";

std::string_view Text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// What zlib makes of the text; nothing if it is damaged or larger than the limit.
std::optional<std::string> Expanded(std::string_view text) {
  std::string out(kMostTextBytes, '\0');
  uLongf size = out.size();
  const int status = uncompress(reinterpret_cast<Bytef*>(out.data()), &size,
                                reinterpret_cast<const Bytef*>(text.data()), text.size());
  if (status != Z_OK) return std::nullopt;
  out.resize(size);
  return out;
}

// Takes the text up to the next 0 byte off `rest`; nothing if there is none.
std::optional<std::string_view> TakeWord(std::string_view& rest) {
  const size_t end = rest.find('\0');
  if (end == rest.npos) return std::nullopt;
  const std::string_view word = rest.substr(0, end);
  rest.remove_prefix(end + 1);
  return word;
}

// The text of an iTXt chunk after its key: a flag, a method, two words, then the text.
std::optional<std::string> InternationalText(std::string_view rest) {
  if (rest.size() < 2) return std::nullopt;
  const bool is_compressed = rest[0] != 0, is_known = rest[1] == 0;
  rest.remove_prefix(2);
  if (!TakeWord(rest) || !TakeWord(rest) || (is_compressed && !is_known)) return std::nullopt;
  return is_compressed ? Expanded(rest) : std::string(rest);
}

std::optional<std::string> TextOf(std::string_view kind, std::string_view rest) {
  if (kind == "tEXt") return std::string(rest);
  if (kind == "iTXt") return InternationalText(rest);
  if (rest.empty() || rest[0] != 0) return std::nullopt;
  return Expanded(rest.substr(1));
}

int Digit(char c) {
  return c >= '0' && c <= '9'   ? c - '0'
         : c >= 'a' && c <= 'f' ? c - 'a' + 10
         : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                : -1;
}

// The bytes of a raw profile: three lines (one of them empty, the kind, the length), then hexadecimal digits.
std::string ProfileBytes(std::string_view text) {
  for (int line = 0; line < 3; ++line) {
    const size_t end = text.find('\n');
    if (end == text.npos) return {};
    text.remove_prefix(end + 1);
  }
  std::string bytes;
  int high = -1;
  for (const char c : text) {
    const int digit = Digit(c);
    if (digit < 0) continue;
    if (high >= 0) bytes += static_cast<char>(high << 4 | digit);
    high = high < 0 ? digit : -1;
  }
  return bytes;
}

}  // namespace

ImageMetadata PngMetadata(std::span<const std::byte> file) {
  constexpr size_t kSignatureBytes = 8, kHeaderBytes = 8, kChecksumBytes = 4;
  std::string exif, raw_profile, xmp;
  int texts = 0;
  for (size_t at = kSignatureBytes; at + kHeaderBytes <= file.size();) {
    size_t size = 0;
    for (size_t i = 0; i < 4; ++i) size = size << 8 | std::to_integer<size_t>(file[at + i]);
    const std::string_view kind = Text(file.subspan(at + 4, 4));
    at += kHeaderBytes;
    if (size > file.size() - at) break;
    std::string_view data = Text(file.subspan(at, size));
    at = std::min(file.size(), at + size + kChecksumBytes);
    if (kind == "eXIf") exif = data;
    if (kind != "tEXt" && kind != "zTXt" && kind != "iTXt") continue;
    const auto key = TakeWord(data);
    if (!key || (*key != kRawProfile && *key != kXmp) || ++texts > kMostTexts) continue;
    if (auto text = TextOf(kind, data)) (*key == kXmp ? xmp : raw_profile) = std::move(*text);
  }
  return {exif.empty() ? ProfileBytes(raw_profile) : exif, xmp};
}

}  // namespace plelab
