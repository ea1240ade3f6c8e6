// What the parameters of a checkpoint are, and what they weigh.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/tensor_spec.h"

namespace plelab {

// Parameters or bytes, by group.  The groups are disjoint; their sum is the total.
struct GroupSums {
  std::array<int64_t, kParameterGroups> by_group{};

  int64_t& operator[](ParameterGroup group) { return by_group[static_cast<size_t>(group)]; }
  int64_t operator[](ParameterGroup group) const { return by_group[static_cast<size_t>(group)]; }
  int64_t total() const;
  // What is advertised ("E2B", 1.91 B): neither embedding table counts, the never used k/v do.
  int64_t effective() const;
  // What a decode step must find in fast memory: the text stack and the token embedding, which is the output
  // layer too.
  int64_t working_set() const;
  int64_t vision() const;  // tower and embedder
  int64_t audio() const;
};

struct ParameterCount {
  GroupSums parameters;
  GroupSums bytes;
};

// The published layout of a config, all of it in `dtype`.
ParameterCount CountPublished(const Gemma3nConfig& config, DType dtype);
// What a checkpoint really holds, in its own types.  A tied lm_head.weight and unknown names do not count.
ParameterCount CountCheckpoint(const Checkpoint& checkpoint);

// The published names of the sums, in this order: total, effective, working_set, ple_table, token_embedding,
// text_stack, unused_kv, vision, audio.
std::vector<std::pair<std::string, int64_t>> NamedSums(const GroupSums& sums);

}  // namespace plelab
