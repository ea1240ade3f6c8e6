// What one token must read, were this or that part of a model left on storage.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/checkpoint/config.h"

namespace plelab {

// `count` ranges of `bytes` each; a range lies together in its file.
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

// In bfloat16, of a text decode step:
//   ple_row       the token's PLE row, all layers: the published layout keeps them together
//   ffn_sparse    the FFN weights that matter: where the config has activation sparsity, the whole gate (it
//                 says which units are on) and the up row and down column of each unit that stays on, laid
//                 side by side, which no published file does: the kindest layout for reading by unit
//   ffn_dense     all FFN weights
//   every_weight  text stack, token embedding (the output layer) and the PLE row
std::vector<TokenReads> ReadsOfToken(const Gemma3nConfig& config);

}  // namespace plelab
