#include "model/text/sampler.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "model/base/error.h"

namespace plelab {
namespace {

// Orders by larger logit, then by smaller id, so that a sequence depends on the seed alone.
struct Better {
  const float* logits;
  bool operator()(int64_t a, int64_t b) const {
    return logits[a] != logits[b] ? logits[a] > logits[b] : a < b;
  }
};

int64_t ArgMax(const float* logits, int64_t count) {
  return std::max_element(logits, logits + count) - logits;
}

// Unnormalised probabilities of the candidates, where the largest logit has 1.
std::vector<double> Weights(const std::vector<int64_t>& ids, const float* logits, double largest,
                            double temperature) {
  std::vector<double> weights(ids.size());
  std::transform(ids.begin(), ids.end(), weights.begin(), [&](int64_t id) {
    return std::exp((static_cast<double>(logits[id]) - largest) / temperature);
  });
  return weights;
}

// Shortens ids, which are sorted best first, to the fewest whose probabilities sum to top_p or more.
void KeepMass(std::vector<int64_t>& ids, const float* logits, double largest, const SamplerOptions& options) {
  const std::vector<double> weights = Weights(ids, logits, largest, options.temperature);
  const double wanted = options.top_p * std::accumulate(weights.begin(), weights.end(), 0.0);
  // A heap yields its best element one by one: for a sharp distribution that is far cheaper than sorting a
  // whole vocabulary.
  const auto worse = [&](int64_t a, int64_t b) { return Better{logits}(b, a); };
  std::make_heap(ids.begin(), ids.end(), worse);
  double mass = 0;
  auto rest = ids.end();
  while (rest != ids.begin() && mass < wanted) {
    std::pop_heap(ids.begin(), rest--, worse);
    mass += std::exp((static_cast<double>(logits[*rest]) - largest) / options.temperature);
  }
  ids.erase(ids.begin(), rest);
}

void RequireLogits(const torch::Tensor& logits) {
  if (logits.dim() != 1 || logits.numel() == 0 || logits.scalar_type() != torch::kFloat32 ||
      !logits.device().is_cpu()) {
    throw RunError("sampler: expected logits [vocab] of float32 on the CPU");
  }
}

}  // namespace

// One pass: nearly every logit is below the least of those that were kept.
std::vector<int64_t> LikeliestIds(const torch::Tensor& logits, int64_t count) {
  RequireLogits(logits);
  const torch::Tensor contiguous = logits.contiguous();
  const float* values = contiguous.const_data_ptr<float>();
  const Better better{values};
  std::vector<int64_t> kept;  // a heap whose front is the worst
  count = std::min(count, logits.numel());
  for (int64_t id = 0; id < logits.numel(); ++id) {
    if (std::ssize(kept) == count) {
      if (count == 0 || !better(id, kept.front())) continue;
      std::ranges::pop_heap(kept, better);
      kept.pop_back();
    }
    kept.push_back(id);
    std::ranges::push_heap(kept, better);
  }
  std::ranges::sort_heap(kept, better);
  return kept;
}

void ExpectLikeliest(PleSource& source, const torch::Tensor& logits) {
  if (source.candidates() == 0) return;
  std::vector<int64_t> ids;
  for (int64_t b = 0; b < logits.size(0); ++b) {
    const auto likeliest = LikeliestIds(logits[b], source.candidates());
    ids.insert(ids.end(), likeliest.begin(), likeliest.end());
  }
  source.Expect(ids);
}

Sampler::Sampler(const SamplerOptions& options) : options_(options), generator_(options.seed) {
  if (!(options.temperature >= 0) || !std::isfinite(options.temperature)) {
    throw UserError("sampler: temperature is {}, expected 0 (greedy) or more", options.temperature);
  }
  if (options.top_k < 0) throw UserError("sampler: top_k is {}, expected 0 (all) or more", options.top_k);
  if (!(options.top_p > 0 && options.top_p <= 1)) {
    throw UserError("sampler: top_p is {}, expected more than 0 and at most 1", options.top_p);
  }
}

int64_t Sampler::Sample(const torch::Tensor& logits) {
  RequireLogits(logits);
  const torch::Tensor contiguous = logits.contiguous();
  const float* values = contiguous.const_data_ptr<float>();
  const int64_t vocab = logits.numel();
  if (std::any_of(values, values + vocab, [](float v) { return std::isnan(v); })) {
    throw RunError("sampler: a logit is not a number");
  }
  const int64_t best = ArgMax(values, vocab);
  if (options_.temperature == 0 || options_.top_k == 1) return best;

  std::vector<int64_t> ids(vocab);
  std::iota(ids.begin(), ids.end(), 0);
  if (options_.top_k > 0 && options_.top_k < vocab) {
    std::nth_element(ids.begin(), ids.begin() + options_.top_k - 1, ids.end(), Better{values});
    ids.resize(options_.top_k);
  }
  if (options_.top_p < 1) KeepMass(ids, values, values[best], options_);
  std::sort(ids.begin(), ids.end());  // one order, whatever the selections above left behind

  const std::vector<double> weights = Weights(ids, values, values[best], options_.temperature);
  // Not std::uniform_real_distribution, whose draws differ between standard libraries.
  const double uniform = static_cast<double>(generator_() >> 11) * 0x1.0p-53;
  double left = uniform * std::accumulate(weights.begin(), weights.end(), 0.0);
  for (size_t i = 0; i < ids.size(); ++i) {
    left -= weights[i];
    if (left < 0) return ids[i];
  }
  return ids.back();  // rounding used up the last weight
}

}  // namespace plelab
