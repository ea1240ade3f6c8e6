#include "model/text/decode/decode_ops.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "model/base/error.h"
#include "model/kernels/parallel.h"
#include "model/kernels/products/row_sum.h"
#include "model/kernels/vector_math.h"
#include "model/ops/matmul.h"

namespace plelab {
namespace {

constexpr float kMinSquare = 1e-5f;  // the reference's lower bound of a projected mean square

// tanh(router(norm(x) / hidden)), [batch, n].
void RouterModalities(const Rows& x, const AltUpWeights& w, std::span<const float> router_norm,
                      const TextConfig& c, const AltUpScratch& scratch) {
  NormRows(x, router_norm, c.rms_norm_eps, scratch.normed);
  MatMulInto(w.modality_router, scratch.normed.in(), scratch.modalities.out());
  const float scale = 1.0f / static_cast<float>(x.size);
  for (int64_t i = 0; i < scratch.modalities.numel(); ++i) {
    scratch.modalities.data[i] = std::tanh(scratch.modalities.data[i] * scale);
  }
}

}  // namespace

std::vector<float> ToFloats(const torch::Tensor& vector) {
  if (!vector.defined()) return {};
  const torch::Tensor wide = vector.to(torch::kFloat32).contiguous();
  return {wide.const_data_ptr<float>(), wide.const_data_ptr<float>() + wide.numel()};
}

void NormRows(const Rows& x, std::span<const float> weight, double eps, const Rows& y) {
  const float* scale = weight.empty() ? nullptr : weight.data();
  for (int64_t i = 0; i < x.count; ++i) RmsNormRow(x[i], scale, x.size, static_cast<float>(eps), y[i]);
}

void AddRows(const Rows& a, const Rows& b, const Rows& y) {
  const float* terms[] = {a.data, b.data};
  const float ones[] = {1, 1};
  Mix(terms, ones, 2, y.numel(), y.data);
}

void MatchMagnitude(const Rows& target, const Rows& x) {
  for (int64_t i = 0; i < x.count; ++i) {
    const float wanted = std::sqrt(MeanSquare(target[i], x.size));
    const float scale = wanted / std::sqrt(std::max(MeanSquare(x[i], x.size), kMinSquare));
    const float* row = x[i];
    Mix(&row, &scale, 1, x.size, x[i]);
  }
}

void RotateRows(const Rows& x, const float* cos, const float* sin) {
  const int64_t half = x.size / 2;
  for (int64_t i = 0; i < x.count; ++i) {
    float* first = x[i];
    float* second = first + half;
    for (int64_t k = 0; k < half; ++k) {
      const float a = first[k], b = second[k];
      first[k] = a * cos[k] - b * sin[k];
      second[k] = b * cos[k] + a * sin[k];
    }
  }
}

void PredictStreams(const Streams& streams, const AltUpWeights& w, std::span<const float> router_norm,
                    const TextConfig& c, const AltUpScratch& scratch, const Streams& predictions) {
  RouterModalities(streams[c.altup_active_idx], w, router_norm, c, scratch);
  MatMulInto(w.prediction_coefs, scratch.modalities.in(), scratch.coefs.out());
  const size_t n = streams.size();
  std::array<const float*, kMaxStreams> sources;
  for (int64_t b = 0; b < scratch.coefs.count; ++b) {
    for (size_t from = 0; from < n; ++from) sources[from] = streams[from][b];
    for (size_t to = 0; to < n; ++to) {
      float* row = scratch.coefs[b] + to * n;  // coefficients from every stream to this one
      row[to] += 1;                            // the reference adds the stream itself afterwards
      Mix(sources.data(), row, static_cast<int64_t>(n), streams[to].size, predictions[to][b]);
    }
  }
}

void CorrectStreams(const Streams& predictions, const Rows& activated, const AltUpWeights& w,
                    std::span<const float> router_norm, const TextConfig& c, const AltUpScratch& scratch,
                    const Streams& corrected) {
  RouterModalities(activated, w, router_norm, c, scratch);
  const size_t n = predictions.size();
  const Rows coefs{scratch.coefs.data, activated.count, static_cast<int64_t>(n)};
  MatMulInto(w.correction_coefs, scratch.modalities.in(), coefs.out());
  for (int64_t b = 0; b < activated.count; ++b) {
    const float* difference[] = {activated[b], predictions[c.altup_active_idx][b]};
    const float signs[] = {1, -1};
    Mix(difference, signs, 2, activated.size, activated[b]);
    for (size_t to = 0; to < n; ++to) {
      const float* terms[] = {predictions[to][b], activated[b]};
      const float weights[] = {1, coefs[b][to] + 1};
      Mix(terms, weights, 2, activated.size, corrected[to][b]);
    }
  }
}

namespace {

// Consecutive slots of a ring that hold consecutive positions, and where their scores begin.
struct Segment {
  int64_t slot, count, first_score;
};

}  // namespace

void AttendOne(const Rows& queries, const KvCache& kv, int64_t donor, LayerType type, int64_t position,
               const TextConfig& c, const Rows& scores, const Rows& out) {
  const int64_t window = type == LayerType::kSliding ? c.sliding_window : position + 1;
  const int64_t first = std::max<int64_t>(0, position + 1 - window), seen = position + 1 - first;
  const int64_t slots = kv.slots(donor), before_wrap = std::min(seen, slots - first % slots);
  const Segment segments[] = {{first % slots, before_wrap, 0}, {0, seen - before_wrap, before_wrap}};
  const int64_t dim = c.head_dim, kv_heads = c.num_key_value_heads, group = c.num_attention_heads / kv_heads;

  // A unit of work is the query heads of one sequence that share a key head.  Query head h of a sequence
  // belongs to key head h / group, so that units are contiguous in both queries and keys.
  const auto attend = [&](int64_t begin, int64_t end) {
    for (int64_t head = begin * group; head < end * group;) {
      const int64_t unit = head / group;
      const int64_t count = std::min(kMaxVectors, (unit + 1) * group - head);
      const ConstVectors some{queries.data + head * dim, count, dim};
      float* weights = scores.data + head * seen;
      for (const Segment& s : segments) {
        if (s.count > 0)
          MatVec(kv.keys(donor).View(unit, s.slot, s.count), some, {weights + s.first_score, seen});
      }
      for (int64_t i = 0; i < count; ++i) Softmax(weights + i * seen, seen);
      float* target = out.data + head * dim;
      std::fill_n(target, count * dim, 0.0f);
      for (const Segment& s : segments) {
        if (s.count == 0) continue;
        AddRowSumSerial(kv.values(donor).View(unit, s.slot, s.count), {weights + s.first_score, count, seen},
                        {target, dim});
      }
      head += count;
    }
  };
  const int64_t unit_bytes = 2 * seen * RowBytes(kv.keys(donor).View(0, 0, 1));
  ParallelFor(0, queries.count * kv_heads, std::max<int64_t>(1, kMinShareBytes / unit_bytes), attend);
}

namespace {

constexpr int64_t kGrain = 16 * 1024;  // elements of a cheap function that justify one more thread

// The first `width` units of a weight whose stored rows are its units: gate and up, and down when it is
// transposed.
MatrixView FirstUnits(const LinearWeight& w, int64_t width) { return RowRange(w.View(), 0, width); }

void Down(const LinearWeight& w, const Rows& hidden, const Rows& out) {
  if (w.layout == WeightLayout::kTransposed)
    return RowSum(FirstUnits(w, hidden.size), hidden.in(), out.out());
  MatVec(w.Inputs(hidden.size).View(), hidden.in(), out.out());
}

void DenseMlp(const Rows& x, const MlpWeights& w, const Rows& gate, const Rows& up, const Rows& out) {
  const MatVecJob jobs[] = {{FirstUnits(w.gate_proj, gate.size), gate.out()},
                            {FirstUnits(w.up_proj, up.size), up.out()}};
  MatVec(jobs, x.in());
  ParallelFor(0, gate.numel(), kGrain, [&](int64_t begin, int64_t end) {
    GeluTimes(gate.data + begin, up.data + begin, end - begin, gate.data + begin);
  });
  Down(w.down_proj, gate, out);
}

// Lists the units whose gate is not zero in at least one sequence, or all units, in ascending order.
void ListActive(const Rows& gate, bool all, std::vector<int32_t>& active) {
  active.clear();
  for (int64_t i = 0; i < gate.size; ++i) {
    bool on = all;
    for (int64_t b = 0; b < gate.count; ++b) on = on || gate[b][i] != 0;
    if (on) active.push_back(static_cast<int32_t>(i));
  }
}

// The result is exact: a unit whose gate is zero adds nothing, so its rows of up and down need not be read.
void SparseMlp(const Rows& x, const MlpWeights& w, double quantile, MlpScratch& scratch, const Rows& gate,
               const Rows& up, const Rows& out) {
  MatVec(FirstUnits(w.gate_proj, gate.size), x.in(), gate.out());
  for (int64_t b = 0; b < gate.count; ++b) {
    const Moments moments = MeanAndDeviation(gate[b], gate.size);
    ShiftedReluGelu(gate[b], gate.size, moments.mean + moments.deviation * static_cast<float>(quantile));
  }
  ListActive(gate, scratch.all_units, scratch.active);
  MatVecRows(FirstUnits(w.up_proj, up.size), scratch.active, x.in(), up.out());
  for (int64_t b = 0; b < gate.count; ++b) {
    for (const int32_t unit : scratch.active) gate[b][unit] *= up[b][unit];
  }
  if (w.down_proj.layout != WeightLayout::kTransposed) return Down(w.down_proj, gate, out);
  RowSum(FirstUnits(w.down_proj, gate.size), scratch.active, gate.in(), out.out());
}

}  // namespace

void DecodeMlp(const Rows& x, const MlpWeights& w, const LayerSpec& spec, double quantile,
               MlpScratch& scratch, const Rows& out) {
  const Rows gate{scratch.gate.data, x.count, spec.ffn_width}, up{scratch.up.data, x.count, spec.ffn_width};
  if (spec.activation_sparsity > 0) {
    SparseMlp(x, w, quantile, scratch, gate, up, out);
  } else {
    DenseMlp(x, w, gate, up, out);
  }
}

}  // namespace plelab
