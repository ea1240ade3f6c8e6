// Bytes in pieces to whole UTF-8 characters: what streamed text goes through.
#pragma once

#include <string>
#include <string_view>

namespace plelab {

class Utf8Stream {
 public:
  // The characters that are whole once `bytes` are added.  A byte that can belong to no character becomes
  // U+FFFD, as in sentencepiece's own decoder; an incomplete character is held back.
  std::string Push(std::string_view bytes);
  // U+FFFD for each byte still held back.
  std::string Finish();

 private:
  std::string held_;
};

}  // namespace plelab
