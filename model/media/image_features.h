// From an image file to what the vision tower reads.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace plelab {

// transformers SiglipImageProcessor with its torchvision backend.  The defaults are the published values.
struct ImageProcessor {
  int64_t height = 768;
  int64_t width = 768;
  double rescale_factor = 1.0 / 255;
  bool do_normalize = false;
  std::vector<double> image_mean = {0.5, 0.5, 0.5};  // used if do_normalize
  std::vector<double> image_std = {0.5, 0.5, 0.5};
};

// Reads the checkpoint's processor_config.json or preprocessor_config.json; without either, returns the
// published values.  Throws UserError naming file and key for a missing key, a wrong type, or a step that is
// not implemented (a crop, another interpolation, no rescaling, …).
ImageProcessor ReadImageProcessor(const std::string& checkpoint_directory);

// pixels [h, w, 3] uint8 → [3, height, width] uint8: bilinear, antialiased, rounded; does not keep the aspect
// ratio.
torch::Tensor ResizePixels(const torch::Tensor& pixels, int64_t height, int64_t width);

// Returns [3, height, width] float32, in [0, 1] with the published settings (mean and standard deviation
// apply only if do_normalize).  Throws UserError as ReadImage does.
torch::Tensor LoadImage(const std::string& path, const ImageProcessor& processor);

}  // namespace plelab
