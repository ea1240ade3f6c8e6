// White space as Python's str.isspace and str.rstrip see it, in UTF-8: what prompts and documents of other
// projects were trimmed with.
#pragma once

#include <string_view>

namespace plelab {

// The white space at the end of `text`; empty if there is none.  A view into `text`.
std::string_view TrailingWhiteSpace(std::string_view text);

bool BeginsWithWhiteSpace(std::string_view text);

}  // namespace plelab
