// The simplest PleSource: over a tensor, of any kind, for tests of the model.
#pragma once

#include <torch/types.h>

#include <memory>

#include "model/checkpoint/checkpoint.h"
#include "model/ple/ple_source.h"

namespace plelab {

// table is [vocab, layers · dim], float32 or bfloat16.
std::unique_ptr<PleSource> MakeTensorPle(const torch::Tensor& table, int64_t layers,
                                         PleKind kind = PleKind::kRows);

// The checkpoint's PLE table as a tensor of its own dtype.
torch::Tensor ReadPleTable(const Checkpoint& checkpoint);

}  // namespace plelab
