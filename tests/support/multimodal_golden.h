// tests/data/multimodal: prompts with images and clips, drawn weights, drawn media, and the reference's
// logits.
#pragma once

#include <torch/types.h>

#include <memory>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"
#include "model/media/media_input.h"
#include "tests/support/golden.h"
#include "tests/support/temporary_folder.h"

namespace plelab {

// What scripts/reference/make_multimodal_goldens.py wrote, and the checkpoint that `plelab synth` would write
// for it.
class MultimodalGolden {
 public:
  explicit MultimodalGolden(DType dtype = DType::kFloat32);

  static std::vector<std::string> Cases();
  const std::shared_ptr<const Checkpoint>& checkpoint() const { return checkpoint_; }
  const torch::Tensor& Of(const std::string& name, const std::string& what) const {
    return tensors_.at(name + "." + what);
  }
  torch::Tensor ids(const std::string& name) const { return Of(name, "ids").unsqueeze(0); }  // [1, T]
  MediaInput Media(const std::string& name) const;

 private:
  testing::TemporaryFolder folder_;
  std::shared_ptr<const Checkpoint> checkpoint_;
  TensorMap tensors_;
};

}  // namespace plelab
