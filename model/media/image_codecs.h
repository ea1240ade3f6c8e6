// The two decoders behind ReadImage.  Each is the only file that names its library.
#pragma once

#include <torch/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace plelab {

struct DecodedImage {
  torch::Tensor pixels;  // [h, w, 3] uint8, as stored
  int orientation = 1;   // as ImageOrientation
};

// Error messages name the bytes by `path`.  Both functions throw UserError as ReadImage does.
DecodedImage DecodePng(std::span<const std::byte> file, const std::string& path);
DecodedImage DecodeJpeg(std::span<const std::byte> file, const std::string& path);

// Throws UserError for an image without pixels or with more than kMostImagePixels.
void CheckImageSize(int64_t height, int64_t width, const std::string& path);

}  // namespace plelab
