#include "harness/measure/token_reads.h"

#include <cmath>
#include <map>

#include "model/base/dtype.h"
#include "model/catalog/weight_catalog.h"

namespace plelab {
namespace {

const int64_t kValueBytes = SizeOf(DType::kBFloat16);

int64_t RowBytes(const TextConfig& c) {
  return c.num_hidden_layers * c.hidden_size_per_layer_input * kValueBytes;
}

// Groups the ranges by size.
std::vector<RangeGroup> Grouped(const std::map<int64_t, int64_t>& count_of_bytes) {
  std::vector<RangeGroup> groups;
  for (const auto& [bytes, count] : count_of_bytes) groups.push_back({bytes, count});
  return groups;
}

std::vector<RangeGroup> FfnRanges(const TextConfig& c, bool sparse) {
  std::map<int64_t, int64_t> count_of_bytes;
  const int64_t unit_bytes = c.hidden_size * kValueBytes;  // one row of gate or up, one column of down
  for (int64_t layer = 0; layer < c.num_hidden_layers; ++layer) {
    const int64_t units = c.intermediate_size[layer];
    const double off = c.activation_sparsity_pattern[layer];
    if (!sparse || off <= 0) {
      count_of_bytes[units * unit_bytes] += 3;  // gate, up, down
      continue;
    }
    count_of_bytes[units * unit_bytes] += 1;
    count_of_bytes[2 * unit_bytes] += std::llround((1.0 - off) * static_cast<double>(units));
  }
  return Grouped(count_of_bytes);
}

std::vector<RangeGroup> EveryWeight(const Gemma3nConfig& config) {
  std::map<int64_t, int64_t> count_of_bytes{{RowBytes(config.text), 1}};
  // The head is read whole; an embedding that is not the head, one row of it.
  const auto head = config.text.own_head ? ParameterGroup::kOwnHead : ParameterGroup::kTokenEmbedding;
  for (const TensorSpec& spec : PublishedTensors(config)) {
    if (spec.group != ParameterGroup::kTextStack && spec.group != head) continue;
    ++count_of_bytes[spec.elements() * kValueBytes];
  }
  return Grouped(count_of_bytes);
}

}  // namespace

int64_t TokenReads::bytes() const {
  int64_t sum = 0;
  for (const RangeGroup& group : ranges) sum += group.bytes * group.count;
  return sum;
}

int64_t TokenReads::count() const {
  int64_t sum = 0;
  for (const RangeGroup& group : ranges) sum += group.count;
  return sum;
}

std::vector<TokenReads> ReadsOfToken(const Gemma3nConfig& config) {
  return {{"ple_row", {{RowBytes(config.text), 1}}},
          {"ffn_sparse", FfnRanges(config.text, true)},
          {"ffn_dense", FfnRanges(config.text, false)},
          {"every_weight", EveryWeight(config)}};
}

}  // namespace plelab
