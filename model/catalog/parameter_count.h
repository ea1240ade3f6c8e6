// How many parameters a checkpoint has in each group, and how many bytes they take.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/tensor_spec.h"

namespace plelab {

// Parameters or bytes by group.  The groups are disjoint and add up to the total.
struct GroupSums {
  std::array<int64_t, kParameterGroups> by_group{};

  int64_t& operator[](ParameterGroup group) { return by_group[static_cast<size_t>(group)]; }
  int64_t operator[](ParameterGroup group) const { return by_group[static_cast<size_t>(group)]; }
  int64_t total() const;
  // The advertised size ("E2B" is 1.91 B): counts neither embedding table, but does count the unused k/v.
  int64_t effective() const;
  // What a decode step needs in fast memory: the text stack, the token embedding and the output layer, which
  // are one tensor unless the head is its own.
  int64_t working_set() const;
  int64_t vision() const;  // tower and embedder
  int64_t audio() const;
};

struct ParameterCount {
  GroupSums parameters;
  GroupSums bytes;
};

// Counts the published layout of a config, with all of it in `dtype`.
ParameterCount CountPublished(const Gemma3nConfig& config, DType dtype);
// Counts what a checkpoint really holds, in its own dtypes.  A tied lm_head.weight and unknown names do not
// count.
ParameterCount CountCheckpoint(const Checkpoint& checkpoint);

// The sums by their published names, in this order: total, effective, working_set, ple_table,
// token_embedding, text_stack, unused_kv, vision, audio, and lm_head if the head is a tensor of its own.
std::vector<std::pair<std::string, int64_t>> NamedSums(const GroupSums& sums);

}  // namespace plelab
