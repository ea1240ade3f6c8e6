// Text cut to the width of a column.  Widths are in characters of UTF-8, not in bytes.
#pragma once

#include <cstddef>
#include <string>

namespace plelab {

// Both give `text` back where it has at most `width` characters.  Of a longer text they give `width`
// characters, one of which is "…" for what was left out.  `width` is at least 1.

// Keeps both ends, where names of variants differ: "cached_warmed@thr…capacity=5%".
std::string CutInMiddle(const std::string& text, size_t width);
// Keeps the start: "model.safetensors: row 7 can…".
std::string CutAtEnd(const std::string& text, size_t width);

}  // namespace plelab
