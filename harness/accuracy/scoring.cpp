#include "harness/accuracy/scoring.h"

#include <algorithm>
#include <filesystem>
#include <limits>

#include "harness/workload/token_text.h"
#include "model/base/error.h"

namespace plelab {
namespace {

std::vector<double> ToVector(const torch::Tensor& values) {
  const torch::Tensor plain = values.to(torch::kCPU, torch::kFloat64).contiguous();
  const double* first = plain.const_data_ptr<double>();
  return {first, first + plain.numel()};
}

void AppendTo(std::vector<double>& a, const std::vector<double>& b) { a.insert(a.end(), b.begin(), b.end()); }

}  // namespace

void TokenScores::Append(const TokenScores& other) {
  AppendTo(nats, other.nats);
  AppendTo(kl, other.kl);
  AppendTo(agree, other.agree);
}

TokenScores ScoreTokens(const torch::Tensor& logits, std::span<const int64_t> targets,
                        const torch::Tensor& reference) {
  const std::vector<int64_t> ids(targets.begin(), targets.end());
  const torch::Tensor columns = torch::tensor(ids, torch::kInt64).to(logits.device()).unsqueeze(1);
  const torch::Tensor log_p = torch::log_softmax(logits, -1);
  TokenScores scores;
  scores.nats = ToVector(-log_p.gather(1, columns).squeeze(1));
  if (!reference.defined()) {
    scores.kl.assign(ids.size(), std::numeric_limits<double>::quiet_NaN());
    scores.agree = scores.kl;
    return scores;
  }
  const torch::Tensor log_q = torch::log_softmax(reference, -1);
  // Summed in float64: over 262,144 small terms, float32 would lose the small divergences that are of
  // interest.
  scores.kl = ToVector((log_q.exp() * (log_q - log_p)).sum(-1, /*keepdim=*/false, torch::kFloat64));
  scores.agree = ToVector(logits.argmax(-1).eq(reference.argmax(-1)));
  return scores;
}

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

namespace {

constexpr int64_t kLogitsBytes = 128 * 1024 * 1024;  // for one piece of a window: [piece, vocab] float32
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
