// Small readers for /proc and /sys: what is not there is empty or NaN, never an error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plelab {

// The whole file without trailing white space; empty where it cannot be read.
std::string ReadSystemFile(const std::string& path);
// The number that a file consists of ("max" and text are none).
std::optional<int64_t> ReadSystemNumber(const std::string& path);
// What follows "key:" on the first line that begins with it, trimmed: "Rss:  12 kB" → "12 kB".
std::string FieldOf(std::string_view text, std::string_view key);
// The number that `text` begins with, past white space.
std::optional<double> LeadingNumber(std::string_view text);
// "always [madvise] never" → "madvise"; the text itself without brackets.
std::string ChosenOf(const std::string& text);
std::vector<std::string> Words(const std::string& text);
std::vector<std::string> Lines(const std::string& text);

}  // namespace plelab
