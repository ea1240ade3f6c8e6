// Goldens made by scripts/reference/: the reference's inputs and outputs for tiny checkpoints.
#pragma once

#include <torch/types.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"
#include "model/gemma3n/gemma3n.h"

namespace plelab {

using TensorMap = std::map<std::string, torch::Tensor>;

// Every tensor of a trusted safetensors file (our own data), by name.
TensorMap ReadTensors(const std::string& path);

// tests/data/text/NAME.
struct TextGolden {
  explicit TextGolden(const std::string& name);
  const torch::Tensor& operator[](const std::string& tensor) const { return tensors.at(tensor); }
  const torch::Tensor& ids() const { return tensors.at("ids"); }  // [B, T]

  std::shared_ptr<const Checkpoint> checkpoint;
  TensorMap tensors;
};

// The existing goldens, each of another shape: see scripts/reference/make_text_goldens.py.
std::vector<std::string> TextGoldenNames();

double MaxAbs(const torch::Tensor& x);
double Rms(const torch::Tensor& x);
// The largest allowed difference between float32 logits and the reference's: 2e-4 · max|logit|.
double LogitTolerance(const torch::Tensor& reference_logits);

}  // namespace plelab
