// From a picture file to what the vision tower reads.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace plelab {

// transformers SiglipImageProcessor on its torchvision backend; the defaults are the published values.
struct ImageProcessor {
  int64_t height = 768;
  int64_t width = 768;
  double rescale_factor = 1.0 / 255;
  bool do_normalize = false;
  std::vector<double> image_mean = {0.5, 0.5, 0.5};  // used where do_normalize
  std::vector<double> image_std = {0.5, 0.5, 0.5};
};

// From the checkpoint's processor_config.json or preprocessor_config.json; the published values where it has
// neither. Throws UserError naming file and key for a missing key, a wrong type, or a step that is not done
// here (a crop, another interpolation, no rescaling, …).
ImageProcessor ReadImageProcessor(const std::string& checkpoint_directory);

// pixels [h, w, 3] uint8 → [3, height, width] uint8: bilinear, antialiased, rounded, the aspect ratio not
// kept.
torch::Tensor ResizePixels(const torch::Tensor& pixels, int64_t height, int64_t width);

// [3, height, width] float32, in [0, 1] as published (mean and standard deviation only where do_normalize).
// Throws UserError as ReadImage does.
torch::Tensor LoadImage(const std::string& path, const ImageProcessor& processor);

}  // namespace plelab
