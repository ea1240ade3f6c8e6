// Reads images from PNG and JPEG files, which are told apart by their content, with the same result as PIL.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

namespace plelab {

// PIL's limit against decompression bombs, 2 · Image.MAX_IMAGE_PIXELS.
inline constexpr int64_t kMostImagePixels = 178'956'970;

// Returns [h, w, 3] uint8, upright, as transformers' `load_image` does (PIL's exif_transpose and
// convert("RGB")).  Alpha is dropped, palettes are looked up, and CMYK is read as Adobe's (inverted). 16-bit
// colour keeps its high byte, but 16-bit grey is clipped at 255, as in PIL. Throws UserError when the file
// cannot be read, is neither PNG nor JPEG, is damaged or truncated, or has more than kMostImagePixels (which
// the header tells before any memory is allocated).
torch::Tensor ReadImage(const std::string& path);

}  // namespace plelab
