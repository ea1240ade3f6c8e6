// Text from a format string (fmt's syntax, checked when it is compiled).
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace plelab {

// fmt::vformat, compiled once: fmt is used header-only (cmake/dependencies.cmake says why), and its machinery
// takes three seconds in every source that calls fmt::format itself.
std::string VFormat(fmt::string_view text, fmt::format_args args);

// Format("{} of {}", 3, "rows") is "3 of rows".
template <class... Args>
std::string Format(fmt::format_string<Args...> text, Args&&... args) {
  return VFormat(text, fmt::make_format_args(args...));
}

// "a, b, c": what the range's elements print as, with `separator` between them.
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
