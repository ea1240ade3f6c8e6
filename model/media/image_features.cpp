#include "model/media/image_features.h"

#include <ATen/ops/_upsample_bilinear2d_aa.h>

#include "model/base/error.h"
#include "model/checkpoint/preprocessor_config.h"
#include "model/media/image_file.h"

namespace plelab {
namespace {

constexpr int64_t kPilBilinear = 2;  // PIL.Image.Resampling.BILINEAR
constexpr int64_t kMostSidePixels = 8192;

void RequireOn(const JsonObject& config, const std::string& key) {
  if (config.Boolean(key)) return;
  throw UserError("{}: key '{}': expected true, found false: the vision tower reads resized pixels in [0, 1]",
                  config.origin(), config.Path(key));
}

// Accepts only processors that resize uint8 pixels with torchvision.
void CheckKind(const JsonObject& config) {
  if (!config.Has("image_processor_type") || config.IsNull("image_processor_type")) return;
  const std::string type = config.String("image_processor_type");
  if (type == "SiglipImageProcessorFast" || type == "SiglipImageProcessor") return;
  throw UserError("{}: key '{}': expected SiglipImageProcessorFast or SiglipImageProcessor, found {}",
                  config.origin(), config.Path("image_processor_type"), type);
}

void CheckLayout(const JsonObject& config) {
  if (!config.Has("data_format") || config.IsNull("data_format")) return;
  const std::string format = config.String("data_format");
  if (format == "channels_first") return;
  throw UserError("{}: key '{}': expected channels_first, found {}", config.origin(),
                  config.Path("data_format"), format);
}

void CheckImageSteps(const JsonObject& config) {
  CheckKind(config);
  CheckLayout(config);
  RequireOn(config, "do_resize");
  RequireOn(config, "do_rescale");
  RequireOff(config, "do_center_crop");
  RequireOff(config, "do_pad");
  const int64_t resample = config.Integer("resample", 0);
  if (resample == kPilBilinear) return;
  throw UserError("{}: key '{}': expected 2 (bilinear), found {}", config.origin(), config.Path("resample"),
                  resample);
}

std::vector<double> ReadChannels(const JsonObject& config, const std::string& key) {
  const std::vector<double> values = config.Numbers(key);
  if (values.size() == 3) return values;
  throw UserError("{}: key '{}': expected 3 numbers, found {}", config.origin(), config.Path(key),
                  values.size());
}

void ReadSize(const JsonObject& config, ImageProcessor& processor) {
  const JsonObject size = config.Object("size");
  for (const auto& key : size.Keys()) {
    if (key == "height" || key == "width" || size.IsNull(key)) continue;
    throw UserError("{}: key '{}': expected height and width only", size.origin(), size.Path(key));
  }
  processor.height = size.Integer("height", 1, kMostSidePixels);
  processor.width = size.Integer("width", 1, kMostSidePixels);
}

torch::Tensor PerChannel(const std::vector<double>& values) {
  return torch::tensor(values, torch::kFloat32).view({3, 1, 1});
}

}  // namespace

ImageProcessor ReadImageProcessor(const std::string& checkpoint_directory) {
  ImageProcessor processor;
  const auto config = ReadProcessorConfig(checkpoint_directory, "image_processor");
  if (!config) return processor;
  CheckImageSteps(*config);
  ReadSize(*config, processor);
  processor.rescale_factor = config->Number("rescale_factor");
  if (processor.rescale_factor <= 0) {
    throw UserError("{}: key '{}': expected a positive number, found {}", config->origin(),
                    config->Path("rescale_factor"), processor.rescale_factor);
  }
  processor.do_normalize = config->Boolean("do_normalize");
  if (processor.do_normalize) {
    processor.image_mean = ReadChannels(*config, "image_mean");
    processor.image_std = ReadChannels(*config, "image_std");
    for (const double value : processor.image_std) {
      if (value <= 0) {
        throw UserError("{}: key '{}': expected positive numbers, found {}", config->origin(),
                        config->Path("image_std"), value);
      }
    }
  }
  return processor;
}

// torchvision resizes uint8 on the CPU with this operator, which rounds.  An image of the right size is left
// unchanged.
torch::Tensor ResizePixels(const torch::Tensor& pixels, int64_t height, int64_t width) {
  // Channels stay where they are: the operator needs no copy of a picture in that order, and gives the same
  // bits.
  const auto channels_first = pixels.permute({2, 0, 1});
  if (channels_first.size(1) == height && channels_first.size(2) == width) return channels_first.contiguous();
  return at::_upsample_bilinear2d_aa(channels_first.unsqueeze(0), {height, width}, /*align_corners=*/false)
      .squeeze(0)
      .contiguous();
}

torch::Tensor LoadImage(const std::string& path, const ImageProcessor& processor) {
  const auto resized = ResizePixels(ReadImage(path), processor.height, processor.width).to(torch::kFloat32);
  if (!processor.do_normalize) return resized * processor.rescale_factor;
  // The reference folds the rescale factor into mean and deviation.
  const double unscale = 1.0 / processor.rescale_factor;
  return (resized - PerChannel(processor.image_mean) * unscale) / (PerChannel(processor.image_std) * unscale);
}

}  // namespace plelab
