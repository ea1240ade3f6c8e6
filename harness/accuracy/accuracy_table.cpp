#include "harness/accuracy/accuracy_table.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "harness/support/statistics.h"

namespace plelab {
std::vector<AccuracyRow> AccuracyRows(const std::string& variant, const ScoredText& text,
                                      const TokenScores& scores, const TokenScores* baseline,
                                      const AccuracySection& section, int64_t seed) {
  std::vector<AccuracyRow> rows;
  const auto n = static_cast<int64_t>(scores.nats.size());
  const auto mean = [&](const std::vector<double>& x) {
    return BlockBootstrapMean(x, kTokenBlock, section.bootstrap, static_cast<uint64_t>(seed));
  };
  const auto add = [&](const char* metric, const Interval& i) {
    rows.push_back({variant, text.task, metric, i.value, i.low, i.high, n});
  };
  const Interval nats = mean(scores.nats);
  add("nats_per_token", nats);
  add("perplexity", {std::exp(nats.value), std::exp(nats.low), std::exp(nats.high)});
  const double bits = static_cast<double>(n) / text.bytes / std::numbers::ln2;
  add("bits_per_byte", {nats.value * bits, nats.low * bits, nats.high * bits});
  if (!baseline) return rows;

  std::vector<double> delta(scores.nats.size());
  for (size_t i = 0; i < delta.size(); ++i) delta[i] = scores.nats[i] - baseline->nats[i];
  add("delta_nats", mean(delta));
  add("kl_to_resident", mean(scores.kl));
  add("top1_agreement", mean(scores.agree));
  return rows;
}

std::vector<TokenRow> TokenRows(const std::string& variant, const ScoredText& text,
                                const TokenScores& scores) {
  std::vector<TokenRow> rows;
  const size_t n = scores.nats.size();
  for (size_t w = 0; w < text.windows.size(); ++w) {
    for (size_t i = 1; i < text.windows[w].size() && rows.size() < n; ++i) {
      const size_t k = rows.size();
      rows.push_back({variant, static_cast<int64_t>(w), static_cast<int64_t>(i), text.windows[w][i],
                      scores.nats[k], scores.kl[k]});
    }
  }
  return rows;
}

}  // namespace plelab
