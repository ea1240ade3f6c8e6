// Cuts text to the width of a column.  Widths count characters of UTF-8, not bytes.
#pragma once

#include <cstddef>
#include <string>

namespace plelab {

// Both functions return `text` unchanged when it has at most `width` characters.  Of a longer text they
// return `width` characters, one of which is "…" for the part that was left out.  `width` must be at least 1.

// Keeps both ends, where names of variants differ: "cached_warmed@thr…capacity=5%".
std::string CutInMiddle(const std::string& text, size_t width);
// Keeps the start: "model.safetensors: row 7 can…".
std::string CutAtEnd(const std::string& text, size_t width);

}  // namespace plelab
