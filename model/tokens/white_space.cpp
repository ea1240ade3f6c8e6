#include "model/tokens/white_space.h"

#include <algorithm>
#include <array>

namespace plelab {
namespace {

// Unicode's characters of bidirectional type WS, B or S and of category Zs: the definition of str.isspace.
// None is a part of another character's UTF-8, so comparing bytes finds them.
constexpr std::array<std::string_view, 29> kWhiteSpace = {
    "\t",     "\n",     "\v",     "\f",     "\r",     "\x1C",   "\x1D",   "\x1E",   "\x1F",   " ",
    "\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003", "\u2004", "\u2005", "\u2006",
    "\u2007", "\u2008", "\u2009", "\u200A", "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};

}  // namespace

std::string_view TrailingWhiteSpace(std::string_view text) {
  std::string_view rest = text;
  const auto ends = [&](std::string_view space) { return rest.ends_with(space); };
  for (auto space = std::ranges::find_if(kWhiteSpace, ends); space != kWhiteSpace.end();
       space = std::ranges::find_if(kWhiteSpace, ends)) {
    rest.remove_suffix(space->size());
  }
  return text.substr(rest.size());
}

bool BeginsWithWhiteSpace(std::string_view text) {
  return std::ranges::any_of(kWhiteSpace, [&](std::string_view space) { return text.starts_with(space); });
}

}  // namespace plelab
