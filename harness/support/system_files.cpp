#include "harness/support/system_files.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <sstream>

namespace plelab {
namespace {

bool IsSpace(char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; }

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

}  // namespace

// Not a std::ifstream, which throws where read(2) fails, as it does for folders and for some files of /sys.
std::string ReadSystemFile(const std::string& path) {
  std::string text;
  FILE* const file = std::fopen(path.c_str(), "re");
  if (file == nullptr) return text;
  char buffer[4096];
  while (const size_t size = std::fread(buffer, 1, sizeof(buffer), file)) text.append(buffer, size);
  std::fclose(file);
  while (!text.empty() && (IsSpace(text.back()) || text.back() == '\0')) text.pop_back();
  return text;
}

std::optional<int64_t> ReadSystemNumber(const std::string& path) {
  const std::string text = ReadSystemFile(path);
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string FieldOf(std::string_view text, std::string_view key) {
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    std::string_view line = text.substr(begin, end - begin);
    begin = end + 1;
    if (!line.starts_with(key)) continue;
    line = Trimmed(line.substr(key.size()));  // /proc/cpuinfo pads its keys with tabs
    if (line.starts_with(':')) return std::string(Trimmed(line.substr(1)));
  }
  return "";
}

std::optional<double> LeadingNumber(std::string_view text) {
  const std::string copy(text);
  char* end = nullptr;
  const double value = std::strtod(copy.c_str(), &end);
  if (end == copy.c_str()) return std::nullopt;
  return value;
}

std::string ChosenOf(const std::string& text) {
  const size_t open = text.find('['), close = text.find(']');
  return open < close && close != std::string::npos ? text.substr(open + 1, close - open - 1) : text;
}

std::vector<std::string> Words(const std::string& text) {
  std::istringstream stream(text);
  return {std::istream_iterator<std::string>(stream), {}};
}

std::vector<std::string> Lines(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

}  // namespace plelab
