#include <cmath>
#include <numeric>

#include "model/decode_ops.h"
#include "model/kernels/parallel.h"
#include "model/kernels/row_sum.h"
#include "model/kernels/vector_math.h"
#include "model/matmul.h"

namespace plelab {
namespace {

constexpr int64_t kGrain = 16 * 1024;  // elements of a cheap function that are worth a thread

// The first `width` units of a weight whose units are its stored rows (gate and up; down where transposed).
MatrixView FirstUnits(const LinearWeight& w, int64_t width) {
  MatrixView view = ViewOf(w);
  view.rows = width;
  return view;
}

void Down(const LinearWeight& w, const Rows& hidden, const Rows& out) {
  if (w.layout == WeightLayout::kTransposed)
    return RowSum(FirstUnits(w, hidden.size), hidden.in(), out.out());
  MatrixView view = ViewOf(w);
  view.cols = hidden.size;
  MatVec(view, hidden.in(), out.out());
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

// Units that are on in at least one sequence, ascending.
void ListActive(const Rows& gate, bool all, std::vector<int32_t>& active) {
  active.clear();
  for (int64_t i = 0; i < gate.size; ++i) {
    bool on = all;
    for (int64_t b = 0; b < gate.count; ++b) on = on || gate[b][i] != 0;
    if (on) active.push_back(static_cast<int32_t>(i));
  }
}

// Exact: a unit whose gate is zero adds nothing, so its rows of up and down need not be read.
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
