#include "harness/accuracy/scoring.h"

#include <algorithm>
#include <limits>

namespace plelab {
namespace {

constexpr int64_t kLogitsBytes = 128 * 1024 * 1024;  // of one piece of a window: [piece, vocab] float32
constexpr int64_t kSmallestPiece = 16;
constexpr int64_t kLargestPiece = 512;

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

int64_t PieceTokens(int64_t vocab) {
  return std::clamp<int64_t>(kLogitsBytes / (vocab * 4), kSmallestPiece, kLargestPiece);
}

}  // namespace plelab
