// Small readers for /proc and /sys.  What is not there reads as empty or NaN and is never an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plelab {

// The whole file without trailing white space; empty when it cannot be read.
std::string ReadSystemFile(const std::string& path);
// The number that is the file's whole content; none for other text such as "max".
std::optional<int64_t> ReadSystemNumber(const std::string& path);
// The text after "key:" on the first line that begins with it, trimmed: "Rss: 12 kB" → "12 kB".
std::string FieldOf(std::string_view text, std::string_view key);
// The number at the start of `text`, after any white space.
std::optional<double> LeadingNumber(std::string_view text);
// "always [madvise] never" → "madvise"; text without brackets is returned as it is.
std::string ChosenOf(const std::string& text);
std::vector<std::string> Words(const std::string& text);
std::vector<std::string> Lines(const std::string& text);

}  // namespace plelab
