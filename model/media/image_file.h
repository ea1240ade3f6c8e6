// Pictures from files: PNG and JPEG, told apart by their content, as PIL reads them.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

namespace plelab {

// PIL's limit against decompression bombs: 2 · Image.MAX_IMAGE_PIXELS.
inline constexpr int64_t kMostImagePixels = 178'956'970;

// [h, w, 3] uint8, upright: transformers `load_image`, which is PIL's exif_transpose and convert("RGB").
// Alpha is dropped, palettes are looked up, CMYK is taken as Adobe's (inverted), of 16 bits the high byte is
// kept, but 16-bit grey is clipped at 255, as PIL does. Throws UserError when the file cannot be read, is
// neither PNG nor JPEG, is damaged or truncated, or has more than kMostImagePixels (found from the header,
// before memory is asked for).
torch::Tensor ReadImage(const std::string& path);

}  // namespace plelab
