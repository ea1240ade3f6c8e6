#include "model/text/attention.h"

#include <ATen/ops/_softmax_backward_data.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "model/ops/ops.h"

namespace plelab {
namespace {

// Limits the scores of one block of queries to 64 MiB of float32, unless a single query needs more.
constexpr int64_t kMaxScores = 1 << 24;
constexpr int64_t kLargestBlock = 128, kSmallestBlock = 64;

torch::Tensor SplitHeads(const torch::Tensor& x, int64_t head_dim) {
  return x.unflatten(-1, {-1, head_dim});  // [B, T, heads, head_dim]
}

// [T, K], true where query_start + t must not see key_start + k.
torch::Tensor Hidden(int64_t query_start, int64_t queries, int64_t key_start, int64_t keys, int64_t window,
                     torch::Device device) {
  const auto options = torch::dtype(torch::kInt64).device(device);
  const torch::Tensor q = torch::arange(query_start, query_start + queries, options).unsqueeze(1);
  const torch::Tensor distance = q - torch::arange(key_start, key_start + keys, options);
  return distance.lt(0).logical_or_(distance.ge(window));
}

// A run of queries and the keys that at least one of them sees.
struct Block {
  int64_t from = 0, count = 0;  // of the queries [B, heads, T, head_dim]
  int64_t first = 0, seen = 0;  // of the keys
  torch::Tensor hidden;         // [count, seen]; undefined when every query sees all of these keys
};

struct Positions {
  int64_t query_start, key_start, window;
};

Block BlockOf(const Positions& p, int64_t from, int64_t count, torch::Device device) {
  Block block;
  block.from = from;
  block.count = count;
  const int64_t query = p.query_start + from;
  const int64_t first = std::max(p.key_start, query - std::min(p.window, query + 1) + 1);
  block.first = first - p.key_start;
  block.seen = query + count - first;
  if (count > 1) block.hidden = Hidden(query, count, first, block.seen, p.window, device);
  return block;
}

// Puts the query heads of a group together, which needs one product per key head and no repeated keys: [B,
// kv_heads, group · count, head_dim].
torch::Tensor Grouped(const torch::Tensor& queries, const Block& block, int64_t kv_heads) {
  return queries.narrow(2, block.from, block.count).reshape({queries.size(0), kv_heads, -1, queries.size(3)});
}

// Attention weights [B, kv_heads, group · count, seen] from queries as Grouped returns them and keys [B,
// kv_heads, K, head_dim].
torch::Tensor Weights(const torch::Tensor& grouped, const torch::Tensor& keys, const Block& block) {
  torch::Tensor scores = torch::matmul(grouped, keys.narrow(2, block.first, block.seen).transpose(2, 3));
  if (block.hidden.defined()) {
    const torch::Tensor by_query = scores.view({scores.size(0), scores.size(1), -1, block.count, block.seen});
    scores = by_query.masked_fill(block.hidden, -std::numeric_limits<float>::infinity()).view_as(scores);
  }
  return torch::softmax(scores, -1);
}

// How many queries go in a block.  With a window, most scores of a large block would be masked, because each
// query sees few of the block's keys.  A block has at least one query, whatever it needs.
int64_t BlockSize(const torch::Tensor& queries, const torch::Tensor& keys, int64_t window) {
  const int64_t fits = kMaxScores / (queries.size(0) * queries.size(1) * keys.size(2));
  const int64_t useful = std::max<int64_t>(std::min<int64_t>(window, kLargestBlock), kSmallestBlock);
  return std::clamp<int64_t>(fits, 1, useful);
}

template <class F>
void ForEachBlock(const torch::Tensor& queries, const torch::Tensor& keys, const Positions& p, F f) {
  const int64_t tokens = queries.size(2), size = BlockSize(queries, keys, p.window);
  for (int64_t from = 0; from < tokens; from += size) {
    f(BlockOf(p, from, std::min(size, tokens - from), queries.device()));
  }
}

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// queries [B, heads, T, head_dim], keys and values [B, kv_heads, K, head_dim], float32 → [B, heads, T,
// head_dim].  The backward pass recomputes the attention weights, which are larger than everything that is
// kept.
class AttendFunction : public torch::autograd::Function<AttendFunction> {
 public:
  static torch::Tensor forward(AutogradContext* ctx, const torch::Tensor& queries, const torch::Tensor& keys,
                               const torch::Tensor& values, int64_t query_start, int64_t key_start,
                               int64_t window) {
    ctx->save_for_backward({queries, keys, values});
    ctx->saved_data["positions"] = std::vector<int64_t>{query_start, key_start, window};
    const torch::Tensor attended = torch::empty(queries.sizes(), queries.options());
    ForEachBlock(queries, keys, {query_start, key_start, window}, [&](const Block& block) {
      const torch::Tensor weights = Weights(Grouped(queries, block, keys.size(1)), keys, block);
      torch::Tensor part = attended.narrow(2, block.from, block.count);
      part.copy_(torch::matmul(weights, values.narrow(2, block.first, block.seen)).view(part.sizes()));
    });
    return attended;
  }

  static variable_list backward(AutogradContext* ctx, variable_list outputs) {
    const variable_list saved = ctx->get_saved_variables();
    const torch::Tensor &queries = saved[0], &keys = saved[1], &values = saved[2];
    const std::vector<int64_t> at = ctx->saved_data["positions"].toIntVector();
    const torch::Tensor dqueries = torch::empty(queries.sizes(), queries.options());
    const torch::Tensor dkeys = torch::zeros(keys.sizes(), keys.options()),
                        dvalues = torch::zeros_like(dkeys);
    ForEachBlock(queries, keys, {at[0], at[1], at[2]}, [&](const Block& block) {
      const torch::Tensor q = Grouped(queries, block, keys.size(1)),
                          d = Grouped(outputs[0], block, keys.size(1));
      const torch::Tensor k = keys.narrow(2, block.first, block.seen);
      const torch::Tensor weights = Weights(q, keys, block);
      const torch::Tensor dweights =
          torch::matmul(d, values.narrow(2, block.first, block.seen).transpose(2, 3));
      const torch::Tensor dscores = at::_softmax_backward_data(dweights, weights, -1, torch::kFloat32);
      torch::Tensor part = dqueries.narrow(2, block.from, block.count);
      part.copy_(torch::matmul(dscores, k).view(part.sizes()));
      dkeys.narrow(2, block.first, block.seen).add_(torch::matmul(dscores.transpose(2, 3), q));
      dvalues.narrow(2, block.first, block.seen).add_(torch::matmul(weights.transpose(2, 3), d));
    });
    return {dqueries, dkeys, dvalues, {}, {}, {}};
  }
};

}  // namespace

KeysValues MakeKeysValues(const torch::Tensor& x, const AttentionWeights& w, const RopeTable& rope,
                          int64_t start, const TextConfig& c) {
  const auto keys = RmsNorm(SplitHeads(Linear(x, w.k_proj), c.head_dim), w.k_norm, c.rms_norm_eps);
  const auto values = RmsNorm(SplitHeads(Linear(x, w.v_proj), c.head_dim), {}, c.rms_norm_eps);
  return {ApplyRope(keys, rope).transpose(1, 2), values.transpose(1, 2), start};
}

torch::Tensor Attention(const torch::Tensor& x, const KeysValues& kv, const AttentionWeights& w,
                        const RopeTable& rope, int64_t query_start, LayerType type, const TextConfig& c) {
  const auto normed = RmsNorm(SplitHeads(Linear(x, w.q_proj), c.head_dim), w.q_norm, c.rms_norm_eps);
  const auto queries = ApplyRope(normed, rope).transpose(1, 2);  // [B, heads, T, head_dim]
  const int64_t window = type == LayerType::kSliding ? c.sliding_window : std::numeric_limits<int64_t>::max();
  const torch::Tensor attended = AttendFunction::apply(
      queries, kv.keys.to(torch::kFloat32), kv.values.to(torch::kFloat32), query_start, kv.start, window);
  return Linear(attended.transpose(1, 2).flatten(2), w.o_proj);
}

}  // namespace plelab
