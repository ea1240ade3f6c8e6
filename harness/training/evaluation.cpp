#include "harness/training/evaluation.h"

#include <torch/types.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>
#include <numeric>

#include "harness/support/interrupt.h"
#include "harness/support/progress.h"
#include "harness/support/statistics.h"
#include "model/training/head_loss.h"

namespace plelab {
namespace {

constexpr uint64_t kBootstrapSeed = 0;

// Tokens [begin, end) of a document, of which those from `scored` on are scored.  Token 0 is bos.
struct Window {
  int64_t document, begin, scored, end;
  int64_t length() const { return end - begin; }
};

std::vector<Window> WindowsOf(const TokenSplit& split, const ScoreOptions& options) {
  std::vector<Window> windows;
  const int64_t fresh = std::max<int64_t>(options.context / 2, 1);
  for (int64_t d = 0; d < options.documents; ++d) {
    const auto n = std::ssize(split.Document(d));
    for (int64_t scored = 1; scored < n;) {
      const int64_t begin = scored == 1 ? 1 : std::max<int64_t>(scored - (options.context - fresh), 1);
      const int64_t end = std::min(begin + options.context, n);
      windows.push_back({d, begin, scored, end});
      scored = end;
    }
  }
  // Windows of similar length share a batch without much padding.
  std::ranges::stable_sort(windows, std::greater(), &Window::length);
  return windows;
}

struct WindowBatch {
  torch::Tensor inputs, targets;  // [windows, longest]
};

WindowBatch MakeBatch(const TokenSplit& split, std::span<const Window> windows) {
  const int64_t longest = windows.front().length(), count = std::ssize(windows);
  WindowBatch batch{torch::zeros({count, longest}, torch::kInt64),
                    torch::full({count, longest}, kNotScored, torch::kInt64)};
  auto inputs = batch.inputs.accessor<int64_t, 2>(), targets = batch.targets.accessor<int64_t, 2>();
  for (int64_t w = 0; w < count; ++w) {
    const auto ids = split.Document(windows[w].document);
    for (int64_t i = 0; i < windows[w].length(); ++i) {
      const int64_t at = windows[w].begin + i;
      inputs[w][i] = i == 0 ? split.bos : ids[at - 1];
      if (at >= windows[w].scored) targets[w][i] = ids[at];
    }
  }
  return batch;
}

void AddTo(FrequencyBins& bins, int64_t count, double nats) {
  const auto k = static_cast<size_t>(count > 0 ? std::bit_width(static_cast<uint64_t>(count)) - 1 : 0);
  if (bins.nats.size() <= k) {
    bins.nats.resize(k + 1);
    bins.tokens.resize(k + 1);
  }
  bins.nats[k] += nats;
  ++bins.tokens[k];
}

void AddBatch(SplitScore& score, const TokenSplit& split, std::span<const Window> windows,
              const torch::Tensor& nats, std::span<const int64_t> counts) {
  const auto values = nats.accessor<float, 2>();
  for (int64_t w = 0; w < std::ssize(windows); ++w) {
    const auto ids = split.Document(windows[w].document);
    for (int64_t at = windows[w].scored; at < windows[w].end; ++at) {
      const double x = values[w][at - windows[w].begin];
      score.document_nats[windows[w].document] += x;
      ++score.document_tokens[windows[w].document];
      AddTo(score.by_input, counts[ids[at - 1]], x);
      AddTo(score.by_target, counts[ids[at]], x);
    }
  }
}

// Documents as the numerators and denominators of a ratio.
struct Ratio {
  std::vector<double> above, below;
};

AccuracyRow Row(const std::string& variant, const std::string& task, const std::string& metric,
                const Ratio& ratio, int64_t n, int64_t resamples) {
  const Interval interval = BootstrapRatio(ratio.above, ratio.below, resamples, kBootstrapSeed);
  return {variant, task, metric, interval.value, interval.low, interval.high, n};
}

void AddFrequencyRows(Curve& curve, const std::string& variant, const std::string& by,
                      const FrequencyBins& bins) {
  for (size_t k = 0; k < bins.nats.size(); ++k) {
    if (bins.tokens[k] == 0) continue;
    CurveRow row{variant, by};
    row.x = std::ldexp(1.0, static_cast<int>(k));
    row.y = bins.nats[k] / static_cast<double>(bins.tokens[k]);
    curve.rows.push_back(row);
  }
}

}  // namespace

double SplitScore::nats_per_token() const {
  return std::accumulate(document_nats.begin(), document_nats.end(), 0.0) /
         static_cast<double>(std::accumulate(document_tokens.begin(), document_tokens.end(), int64_t{0}));
}

SplitScore ScoreSplit(const TextTrainee& trainee, const TokenSplit& split, const ScoreOptions& options,
                      std::span<const int64_t> counts) {
  SplitScore score;
  score.document_nats.resize(options.documents);
  score.document_tokens.resize(options.documents);
  const std::vector<Window> windows = WindowsOf(split, options);
  Progress bar("scoring windows", std::ssize(windows));
  for (int64_t from = 0; from < std::ssize(windows); from += options.batch) {
    ThrowIfInterrupted();
    const auto some =
        std::span(windows).subspan(from, std::min<size_t>(options.batch, windows.size() - from));
    const WindowBatch batch = MakeBatch(split, some);
    AddBatch(score, split, some, TargetNats(trainee, batch.inputs, batch.targets), counts);
    bar.Update(from + std::ssize(some));
  }
  bar.Finish();
  return score;
}

std::vector<int64_t> CountIds(const TokenSplit& split, int64_t vocab_size) {
  std::vector<int64_t> counts(static_cast<size_t>(vocab_size));
  for (const uint16_t id : split.ids) ++counts[id];
  return counts;
}

std::vector<AccuracyRow> ScoreRows(const std::string& variant, const std::string& task,
                                   const SplitScore& score, const TokenSplit& split, int64_t resamples) {
  Ratio tokens, bytes;
  std::vector<Ratio> domains(split.domains.size());
  int64_t n = 0;
  for (size_t d = 0; d < score.document_nats.size(); ++d) {
    const double nats = score.document_nats[d], bits = nats / std::numbers::ln2;
    const auto size = static_cast<double>(split.bytes[d]);
    n += score.document_tokens[d];
    tokens.above.push_back(nats);
    tokens.below.push_back(static_cast<double>(score.document_tokens[d]));
    for (Ratio* ratio : {&bytes, &domains[split.domain[d]]}) {
      ratio->above.push_back(bits);
      ratio->below.push_back(size);
    }
  }
  std::vector<AccuracyRow> rows = {Row(variant, task, "nats_per_token", tokens, n, resamples),
                                   Row(variant, task, "bits_per_byte", bytes, n, resamples)};
  for (size_t i = 0; i < domains.size(); ++i) {
    if (domains[i].above.empty()) continue;
    rows.push_back(Row(variant, task + "/" + split.domains[i], "bits_per_byte", domains[i],
                       std::ssize(domains[i].above), resamples));
  }
  return rows;
}

std::vector<Curve> ScoreCurves(const std::string& variant, const SplitScore& score, const TokenSplit& split) {
  Curve documents{"document_nats", "document", "nats", {}};
  for (size_t d = 0; d < score.document_nats.size(); ++d) {
    CurveRow row{variant, split.domains[split.domain[d]]};
    row.x = static_cast<double>(d);
    row.y = score.document_nats[d];
    documents.rows.push_back(row);
  }
  Curve frequency{"loss_by_frequency", "occurrences", "nats per token", {}};
  AddFrequencyRows(frequency, variant, "input", score.by_input);
  AddFrequencyRows(frequency, variant, "target", score.by_target);
  return {documents, frequency};
}

}  // namespace plelab
