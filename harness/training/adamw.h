// AdamW over the tensors of a trainee, with its schedule.  Reference: Loshchilov & Hutter 2019, "Decoupled
// weight decay regularization".  The update itself is ATen's.
#pragma once

#include <torch/types.h>

#include <array>
#include <vector>

#include "harness/training/training_config.h"
#include "model/training/text_trainee.h"
#include "model/weights/tensor_file.h"

namespace plelab {

// The share of the highest rate at `step` of `steps`: rises linearly during the warm-up, then falls as a
// cosine to final_lr at the end.
double RateAt(const OptimizerSection& section, int64_t step, int64_t steps);

class AdamW {
 public:
  AdamW(std::vector<TrainedTensor> tensors, const OptimizerSection& section);

  // Makes one update with the gradients that the tensors hold, and removes them.  `rate` is RateAt's.
  // Returns the norm of all gradients before clipping.  Throws RunError when it is not finite.
  double Step(double rate);

  // Weights and moments, by name.  Load throws UserError when a tensor is missing or does not fit.
  std::vector<NamedTensor> State() const;
  void Load(const TensorFile& state);

 private:
  // Tensors that share a rate and a decay.
  struct Group {
    double lr = 0, weight_decay = 0;
    std::vector<torch::Tensor> values, mean, square, steps;
    std::vector<std::string> names;
  };
  double GradientNorm() const;
  void Update(Group& group, double rate, const std::optional<torch::Tensor>& divisor);
  template <class F>
  void ForEachTensor(F f) const;  // calls f(name, tensor) for all that is saved

  const OptimizerSection section_;
  std::array<Group, 3> groups_;  // matrices; norms and scales; tables
};

}  // namespace plelab
