// Turns UTF-8 that arrives in arbitrary pieces into whole characters, for text that is streamed.
#pragma once

#include <string>
#include <string_view>

namespace plelab {

class Utf8Stream {
 public:
  // Returns the characters that `bytes` completes.  A byte that cannot belong to any character becomes
  // U+FFFD, as in sentencepiece's own decoder; an incomplete character is held back.
  std::string Push(std::string_view bytes);
  // Returns U+FFFD for each byte that is still held back.
  std::string Finish();

 private:
  std::string held_;
};

}  // namespace plelab
