#include "harness/support/cut_text.h"

#include <vector>

namespace plelab {
namespace {

// The offset of each character of `text`, that is of every byte but the continuation bytes of UTF-8; then the
// size of `text`.
std::vector<size_t> Starts(const std::string& text) {
  std::vector<size_t> starts;
  for (size_t i = 0; i < text.size(); ++i) {
    if ((static_cast<unsigned char>(text[i]) & 0xC0) != 0x80) starts.push_back(i);
  }
  starts.push_back(text.size());
  return starts;
}

// The first `head` and the last `tail` characters with "…" between them, or `text` itself when it is no
// longer than that.
std::string Cut(const std::string& text, size_t head, size_t tail) {
  const std::vector<size_t> starts = Starts(text);
  const size_t characters = starts.size() - 1;
  if (characters <= head + 1 + tail) return text;
  return text.substr(0, starts[head]) + "…" + text.substr(starts[characters - tail]);
}

}  // namespace

std::string CutInMiddle(const std::string& text, size_t width) {
  const size_t head = width / 2;
  return Cut(text, head, width - 1 - head);
}

std::string CutAtEnd(const std::string& text, size_t width) { return Cut(text, width - 1, 0); }

}  // namespace plelab
