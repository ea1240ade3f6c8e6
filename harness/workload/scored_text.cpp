#include "harness/workload/scored_text.h"

#include <algorithm>
#include <filesystem>

#include "model/base/error.h"

namespace plelab {

std::vector<std::vector<int64_t>> ScoredWindows(std::span<const int64_t> ids, int64_t bos, int64_t context,
                                                int64_t max_tokens) {
  std::vector<std::vector<int64_t>> windows;
  const auto scored = std::min<int64_t>(max_tokens, static_cast<int64_t>(ids.size()));
  for (int64_t start = 0; start < scored; start += context - 1) {
    const int64_t n = std::min(context - 1, scored - start);
    windows.push_back({bos});
    windows.back().insert(windows.back().end(), ids.begin() + start, ids.begin() + start + n);
  }
  return windows;
}

ScoredText CutScoredText(const TokenText& text, const AccuracySection& section, int64_t bos) {
  if (text.ids.empty()) throw UserError("{}: no token to score", text.path);
  ScoredText scored;
  scored.task = std::filesystem::path(text.path).stem().string();
  scored.windows = ScoredWindows(text.ids, bos, section.context, section.max_tokens);
  if (text.tokenizer) {
    const auto n = std::min<size_t>(section.max_tokens, text.ids.size());
    scored.bytes = static_cast<double>(text.tokenizer->Decode(std::span(text.ids).first(n)).size());
  }
  return scored;
}

}  // namespace plelab
