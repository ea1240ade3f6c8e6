// What a terminal may be shown of errors and of names that come from files.
#pragma once

#include <exception>
#include <string>
#include <string_view>

namespace plelab {

inline constexpr size_t kMostMessageCharacters = 2000;

// `text` with what would act on a terminal instead of being shown written out: control characters of ASCII
// and of Unicode, marks that change the direction of writing, and bytes that are not UTF-8.  A line break is
// "\n", an escape "\x1b".
std::string Printable(std::string_view text);
// The same for a text of several lines, whose line breaks stay.
std::string PrintableLines(std::string_view text);

// What is printed of an error: Printable, with the middle of more than kMostMessageCharacters left out.
std::string ErrorLine(std::string_view message);

// The message of an exception as a user needs it: torch's without its backtrace and on one line, a file
// system's with the path first, and where memory ran out, what to do.
std::string MessageOf(const std::exception& error);

// True for what the user can correct: a UserError, and a path that the system refuses (too long, a loop of
// links, no permission) before any check of ours.
bool IsMistake(const std::exception& error);

}  // namespace plelab
