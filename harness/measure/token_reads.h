// The reads that one token needs if a given part of the model stays on storage.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/checkpoint/config.h"

namespace plelab {

// `count` ranges of `bytes` bytes each; each range is contiguous in its file.
struct RangeGroup {
  int64_t bytes = 0;
  int64_t count = 0;
};

struct TokenReads {
  std::string what;
  std::vector<RangeGroup> ranges;
  int64_t bytes() const;
  int64_t count() const;
};

// The reads of a text decode step in bfloat16:
//   ple_row       the token's PLE row, all layers: the published layout keeps them together
//   ffn_sparse    the FFN weights that matter: in layers with activation sparsity the whole gate, which
//                 decides which units are on, and for each unit that is on its row of up and column of down,
//                 stored side by side.  No published file does that; it is the best layout for this access
//   ffn_dense     all FFN weights
//   every_weight  text stack, token embedding (the output layer) and the PLE row
std::vector<TokenReads> ReadsOfToken(const Gemma3nConfig& config);

}  // namespace plelab
