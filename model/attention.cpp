#include "model/attention.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "model/ops.h"

namespace plelab {
namespace {

// Scores of one block of queries: 64 MiB of float32 at most, unless a single query already needs more.
constexpr int64_t kMaxScores = 1 << 24;

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

// queries [B, heads, T, head_dim] float32 → [B, heads, T, head_dim].
torch::Tensor AttendBlock(const torch::Tensor& queries, int64_t query_start, const KeysValues& kv,
                          int64_t window) {
  const int64_t batch = queries.size(0), heads = queries.size(1), count = queries.size(2),
                dim = queries.size(3);
  const int64_t kv_heads = kv.keys.size(1);
  // Only keys that some query of this block sees.
  const int64_t first = std::max(kv.start, query_start - std::min(window, query_start + 1) + 1);
  const int64_t seen = query_start + count - first;
  const auto keys = kv.keys.narrow(2, first - kv.start, seen).to(torch::kFloat32);
  const auto values = kv.values.narrow(2, first - kv.start, seen).to(torch::kFloat32);

  // Query heads of a group lie together: one product per key head, no repeated keys.
  const auto grouped = queries.reshape({batch, kv_heads, heads / kv_heads * count, dim});
  auto scores =
      torch::matmul(grouped, keys.transpose(2, 3)).view({batch, kv_heads, heads / kv_heads, count, seen});
  if (count > 1) {  // a single query sees all of the keys kept above
    const auto hidden = Hidden(query_start, count, first, seen, window, queries.device());
    scores = scores.masked_fill(hidden, -std::numeric_limits<float>::infinity());
  }
  const auto weights = torch::softmax(scores, -1).view({batch, kv_heads, heads / kv_heads * count, seen});
  return torch::matmul(weights, values).view({batch, heads, count, dim});
}

}  // namespace

KeysValues MakeKeysValues(const torch::Tensor& x, const AttentionWeights& w, const RopeTable& rope,
                          int64_t start, const TextConfig& c) {
  const auto dtype = ComputeType(w.k_proj);
  const auto keys = RmsNorm(SplitHeads(Linear(x, w.k_proj), c.head_dim), w.k_norm, c.rms_norm_eps);
  const auto values = RmsNorm(SplitHeads(Linear(x, w.v_proj), c.head_dim), {}, c.rms_norm_eps);
  return {ApplyRope(keys, rope).transpose(1, 2).to(dtype), values.transpose(1, 2).to(dtype), start};
}

torch::Tensor Attention(const torch::Tensor& x, const KeysValues& kv, const AttentionWeights& w,
                        const RopeTable& rope, int64_t query_start, LayerType type, const TextConfig& c) {
  const auto normed = RmsNorm(SplitHeads(Linear(x, w.q_proj), c.head_dim), w.q_norm, c.rms_norm_eps);
  const auto queries = ApplyRope(normed, rope).transpose(1, 2);  // [B, heads, T, head_dim]
  const int64_t window = type == LayerType::kSliding ? c.sliding_window : std::numeric_limits<int64_t>::max();
  const int64_t tokens = queries.size(2), keys = kv.keys.size(2);
  const int64_t block =
      std::clamp<int64_t>(kMaxScores / (queries.size(0) * queries.size(1) * keys), 1, tokens);
  std::vector<torch::Tensor> blocks;
  for (int64_t from = 0; from < tokens; from += block) {
    const auto some = queries.narrow(2, from, std::min(block, tokens - from));
    blocks.push_back(AttendBlock(some, query_start + from, kv, window));
  }
  const auto attended = blocks.size() == 1 ? blocks.front() : torch::cat(blocks, 2);
  return Linear(attended.transpose(1, 2).flatten(2), w.o_proj);
}

}  // namespace plelab
