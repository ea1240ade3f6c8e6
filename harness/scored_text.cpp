#include "harness/scored_text.h"

#include <algorithm>
#include <filesystem>

#include "harness/scoring.h"
#include "harness/token_text.h"
#include "model/io/error.h"

namespace plelab {
namespace {

constexpr int64_t kLogitsBytes = 128 * 1024 * 1024;  // of one piece of a window: [piece, vocab] float32
constexpr int64_t kSmallestPiece = 16;
constexpr int64_t kLargestPiece = 512;

}  // namespace

ScoredText ReadScoredText(const AccuracySection& section, const Checkpoint& checkpoint) {
  const TokenText text = ReadTokenText(section.text_file, section.trace, checkpoint);
  if (text.ids.empty()) throw UserError("{}: no token to score", text.path);
  ScoredText scored;
  scored.task = std::filesystem::path(text.path).stem().string();
  scored.windows =
      ScoredWindows(text.ids, checkpoint.config().bos_token_id, section.context, section.max_tokens);
  if (text.tokenizer) {
    const auto n = std::min<size_t>(section.max_tokens, text.ids.size());
    scored.bytes = static_cast<double>(text.tokenizer->Decode(std::span(text.ids).first(n)).size());
  }
  return scored;
}

int64_t PieceTokens(int64_t vocab) {
  return std::clamp<int64_t>(kLogitsBytes / (vocab * 4), kSmallestPiece, kLargestPiece);
}

}  // namespace plelab
