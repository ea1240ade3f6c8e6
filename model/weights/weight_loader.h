// Reads tensors into one arena and converts them on the way.
#pragma once

#include <torch/types.h>

#include <functional>
#include <vector>

#include "model/base/dtype.h"
#include "model/checkpoint/checkpoint.h"
#include "model/checkpoint/tensor_spec.h"
#include "model/weights/linear_weight.h"

namespace plelab {

struct LoadOptions {
  // What every weight is converted to: kFloat32 or kBFloat16.  Quantised ones stay as they are, and are
  // widened to it where they are not multiplied as integers.
  DType dtype = DType::kBFloat16;
  torch::Device device = torch::kCPU;
  bool ple_table = false;  // also load embed_tokens_per_layer as a tensor (for training)
  std::function<void(int64_t done_bytes, int64_t total_bytes)> progress = nullptr;  // may be empty
};

// Throws UserError unless options.dtype is float32 or bfloat16.
void RequireComputeDType(const LoadOptions& options);

// Add all tensors, then Run once.  The checkpoint must have been verified; a tensor that it lacks is a
// UserError.
class WeightLoader {
 public:
  WeightLoader(const Checkpoint& checkpoint, const LoadOptions& options)
      : checkpoint_(checkpoint), options_(options) {}

  // `target` must live until Run returns.
  void Add(const TensorSpec& spec, torch::Tensor& target);
  // Loads in target's layout.  kTransposed is honoured on the CPU only: other devices use dense products,
  // which read the whole weight anyway.  Throws UserError for a quantised weight on another device or in
  // another layout.
  void Add(const TensorSpec& spec, LinearWeight& target);
  // Reads everything that was added, a few MiB at a time per thread, straight to its place when no conversion
  // is needed.  Throws UserError for a tensor that the checkpoint lacks, RunError as Checkpoint::ReadRange
  // does.
  void Run();

 private:
  struct Job {
    const TensorInfo* info;
    std::vector<int64_t> shape;  // as it will lie in memory
    DType dtype;
    bool transposed;
    torch::Tensor* target;
  };
  const TensorInfo& Find(const TensorSpec& spec) const;
  void AddJob(const TensorInfo& info, const std::vector<int64_t>& shape, DType dtype, torch::Tensor& target);
  void AddQuantised(const Checkpoint::Quantised& quantised, LinearWeight& target);
  torch::Tensor Load(const Job& job, torch::Tensor place);
  void LoadRowMajor(const Job& job, torch::Tensor& place);
  void LoadTransposed(const TensorInfo& info, torch::Tensor& place);
  void Report(int64_t bytes);

  const Checkpoint& checkpoint_;
  const LoadOptions& options_;
  std::vector<Job> jobs_;
  int64_t total_bytes_ = 0, done_bytes_ = 0;
};

}  // namespace plelab
