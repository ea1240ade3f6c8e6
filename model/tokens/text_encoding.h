// Bytes of text files as UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace plelab {

// Throws UserError "ORIGIN: byte 0xE9 at offset 3, line 1 is not UTF-8; ADVICE" for the first byte that
// belongs to no character (Unicode standard, table 3-7: no overlong forms, no surrogates).  Offsets are
// counted from 0, lines from 1.
void RequireUtf8(std::string_view bytes, std::string_view origin, std::string_view advice);

// True for the names that iconv knows, and for Python's spellings of them: utf-8, latin-1, windows-1252,
// utf-16, …
bool IsKnownEncoding(const std::string& encoding);

// Returns `bytes` as UTF-8, without the byte order mark that some editors write first.  Throws UserError
// naming `origin`, the first byte that `encoding` does not have, its offset and its line; also for an
// encoding that is not known.
std::string DecodeText(std::string bytes, const std::string& encoding, std::string_view origin);

}  // namespace plelab
