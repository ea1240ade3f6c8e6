// A hint for who mistyped a word.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace plelab {

// "; did you mean 'capacity'?" where a known word is at most two edits away (a letter more, less or another)
// and shares something with `word`; else "".  Of several the nearest, of those the first.
std::string DidYouMean(std::string_view word, std::span<const std::string_view> known);

}  // namespace plelab
