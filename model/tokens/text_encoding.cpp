#include "model/tokens/text_encoding.h"

#include <iconv.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <cstdint>
#include <utility>

#include "model/base/error.h"
#include "model/tokens/utf8_stream.h"

namespace plelab {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr size_t kBadDescriptor = static_cast<size_t>(-1);

// "UTF-8" and "utf_8" become "utf8".
std::string Plain(std::string_view encoding) {
  std::string plain;
  for (const char c : encoding) {
    if (c != '-' && c != '_') plain += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return plain;
}

bool IsUtf8(std::string_view encoding) {
  const std::string plain = Plain(encoding);
  return plain == "utf8" || plain == "utf8sig";
}

// Converts to UTF-8 with the C library's tables.
class Converter {
 public:
  explicit Converter(const std::string& encoding) {
    // A slash would add a mode of iconv's, such as //IGNORE.
    if (encoding.empty() || encoding.find('/') != std::string::npos) return;
    for (const std::string& name : {encoding, Plain(encoding)}) {
      if (!is_open()) handle_ = iconv_open("UTF-8", name.c_str());
    }
  }
  ~Converter() {
    if (is_open()) iconv_close(handle_);
  }
  Converter(const Converter&) = delete;
  Converter& operator=(const Converter&) = delete;

  bool is_open() const { return handle_ != reinterpret_cast<iconv_t>(kBadDescriptor); }

  // Appends what `bytes` say to `text`.  Returns how many of them could be read.
  size_t Convert(std::string& bytes, std::string& text) {
    char* in = bytes.data();
    size_t left = bytes.size();
    while (left > 0) {
      if (!Step(&in, &left, text)) return bytes.size() - left;
    }
    Step(nullptr, nullptr, text);
    return bytes.size();
  }

 private:
  // One call of iconv.  Without input it gives what it holds back: where an accent may follow a letter (TCVN,
  // windows-1258), the last letter.  False at a byte that cannot be read.
  bool Step(char** in, size_t* left, std::string& text) {
    std::array<char, 1 << 16> buffer;
    char* out = buffer.data();
    size_t room = buffer.size();
    const size_t result = iconv(handle_, in, left, &out, &room);
    const bool is_read = result != kBadDescriptor || errno == E2BIG;
    text.append(buffer.data(), buffer.size() - room);
    return is_read;
  }

  iconv_t handle_ = reinterpret_cast<iconv_t>(kBadDescriptor);
};

[[noreturn]] void RefuseByte(std::string_view origin, unsigned char byte, size_t offset,
                             std::string_view before, std::string_view encoding, std::string_view advice) {
  throw UserError("{}: byte 0x{:02X} at offset {}, line {} is not {}; {}", origin, byte, offset,
                  1 + std::count(before.begin(), before.end(), '\n'), encoding, advice);
}

}  // namespace

void RequireUtf8(std::string_view bytes, std::string_view origin, std::string_view advice) {
  const size_t valid = ValidUtf8Bytes(bytes);
  if (valid == bytes.size()) return;
  RefuseByte(origin, static_cast<unsigned char>(bytes[valid]), valid, bytes.substr(0, valid), "UTF-8",
             advice);
}

bool IsKnownEncoding(const std::string& encoding) {
  return IsUtf8(encoding) || Converter(encoding).is_open();
}

std::string DecodeText(std::string bytes, const std::string& encoding, std::string_view origin) {
  constexpr char kAdvice[] = "give the file's own encoding (encoding: latin-1, windows-1252, utf-16, …)";
  std::string text;
  if (IsUtf8(encoding)) {
    RequireUtf8(bytes, origin, kAdvice);
    text = std::move(bytes);
  } else {
    Converter converter(encoding);
    if (!converter.is_open()) {
      throw UserError("{}: '{}' is no encoding that iconv knows; for example utf-8, latin-1, utf-16", origin,
                      encoding);
    }
    const size_t read = converter.Convert(bytes, text);
    if (read < bytes.size()) {
      RefuseByte(origin, static_cast<unsigned char>(bytes[read]), read, text, encoding, kAdvice);
    }
  }
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  return text;
}

}  // namespace plelab
