// A hint for a mistyped word.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace plelab {

// Returns "; did you mean 'capacity'?" for the known word that is nearest to `word`, the first of equally
// near ones.  Returns "" when no known word is near: within two edits (a letter inserted, deleted or
// replaced), and fewer edits than the shorter of both words has letters, so that the words have something in
// common.
std::string DidYouMean(std::string_view word, std::span<const std::string_view> known);

}  // namespace plelab
