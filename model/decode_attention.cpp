#include <algorithm>

#include "model/decode_ops.h"
#include "model/kernels/parallel.h"
#include "model/kernels/row_sum.h"
#include "model/kernels/vector_math.h"
#include "model/matmul.h"

namespace plelab {
namespace {

// Consecutive slots of a ring that hold consecutive positions, and where their scores begin.
struct Segment {
  int64_t slot, count, first_score;
};

// Keys or values of one head, [count, head_dim].
MatrixView HeadView(const torch::Tensor& ring, int64_t unit, const Segment& segment) {
  MatrixView view = ViewOf(ring);
  const int64_t first_row = unit * ring.size(2) + segment.slot;
  view.data = static_cast<const char*>(view.data) + first_row * view.stride * ElementBytes(view.type);
  view.rows = segment.count;
  return view;
}

}  // namespace

void WriteSlot(const torch::Tensor& ring, int64_t position, const Rows& made) {
  const MatrixView view = ViewOf(ring);
  const int64_t heads = ring.size(1), slots = ring.size(2), dim = ring.size(3);
  for (int64_t unit = 0; unit < made.count * heads; ++unit) {
    const int64_t row = unit * slots + position % slots;
    // The one place that writes through a view: the cache's own tensor.
    auto* target = static_cast<char*>(const_cast<void*>(view.data)) + row * dim * ElementBytes(view.type);
    NarrowTo(made.data + unit * dim, dim, view.type, target);
  }
}

void AttendOne(const Rows& queries, const KvCache& kv, int64_t donor, LayerType type, int64_t position,
               const TextConfig& c, const Rows& scores, const Rows& out) {
  const int64_t window = type == LayerType::kSliding ? c.sliding_window : position + 1;
  const int64_t first = std::max<int64_t>(0, position + 1 - window), seen = position + 1 - first;
  const int64_t slots = kv.slots(donor), before_wrap = std::min(seen, slots - first % slots);
  const Segment segments[] = {{first % slots, before_wrap, 0}, {0, seen - before_wrap, before_wrap}};
  const int64_t dim = c.head_dim, kv_heads = c.num_key_value_heads, group = c.num_attention_heads / kv_heads;

  // One unit of work: the query heads that share a key head, of one sequence.  Head h of a sequence belongs
  // to key head h / group, so that both lie one unit after the other.
  const auto attend = [&](int64_t begin, int64_t end) {
    for (int64_t head = begin * group; head < end * group;) {
      const int64_t unit = head / group;
      const int64_t count = std::min(kMaxVectors, (unit + 1) * group - head);
      const ConstVectors some{queries.data + head * dim, count, dim};
      float* weights = scores.data + head * seen;
      for (const Segment& s : segments) {
        if (s.count > 0) MatVec(HeadView(kv.keys(donor), unit, s), some, {weights + s.first_score, seen});
      }
      for (int64_t i = 0; i < count; ++i) Softmax(weights + i * seen, seen);
      float* target = out.data + head * dim;
      std::fill_n(target, count * dim, 0.0f);
      for (const Segment& s : segments) {
        if (s.count == 0) continue;
        AddRowSumSerial(HeadView(kv.values(donor), unit, s), {weights + s.first_score, count, seen},
                        {target, dim});
      }
      head += count;
    }
  };
  const auto unit_bytes = static_cast<int64_t>(2 * seen * dim * kv.keys(donor).element_size());
  ParallelFor(0, queries.count * kv_heads, std::max<int64_t>(1, kMinShareBytes / unit_bytes), attend);
}

}  // namespace plelab
