// Turns UTF-8 that arrives in arbitrary pieces into whole characters, for text that is streamed.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace plelab {

// The bytes of `text` before the first that belongs to no whole character: all of them where it is UTF-8.
size_t ValidUtf8Bytes(std::string_view text);

class Utf8Stream {
 public:
  // Returns the characters that `bytes` completes.  A byte that cannot belong to any character becomes
  // U+FFFD, as in sentencepiece's own decoder; an incomplete character is held back.
  std::string Push(std::string_view bytes);
  // Returns U+FFFD for each byte that is still held back.
  std::string Finish();
  // The bytes of an incomplete character that are held back.
  size_t held_bytes() const { return held_.size(); }

 private:
  std::string held_;
};

}  // namespace plelab
