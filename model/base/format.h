// Text from a format string in fmt's syntax, which is checked at compile time.
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace plelab {

// fmt::vformat, compiled in one source only.  fmt is used header-only (cmake/dependencies.cmake says why),
// and every source that calls fmt::format itself takes three seconds longer to compile.
std::string VFormat(fmt::string_view text, fmt::format_args args);

// Format("{} of {}", 3, "rows") is "3 of rows".
template <class... Args>
std::string Format(fmt::format_string<Args...> text, Args&&... args) {
  return VFormat(text, fmt::make_format_args(args...));
}

// The elements of `range`, each formatted with "{}", with `separator` between them: "a, b, c".
template <class Range>
std::string Join(const Range& range, std::string_view separator) {
  std::string text;
  bool first = true;
  for (const auto& element : range) {
    if (!first) text += separator;
    text += Format("{}", element);
    first = false;
  }
  return text;
}

}  // namespace plelab
