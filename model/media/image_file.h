// Reads images from PNG and JPEG files, which are told apart by their content, with the same result as PIL.
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>

namespace plelab {

// PIL's Image.MAX_IMAGE_PIXELS, above which it warns of a decompression bomb; from twice as many on it
// refuses.  Decoding takes 3 bytes of memory for each pixel, 6 while it is turned upright, and up to 9 for a
// progressive JPEG.
inline constexpr int64_t kMostImagePixels = 89'478'485;

// Returns [h, w, 3] uint8, upright, as transformers' `load_image` does (PIL's exif_transpose and
// convert("RGB")).  Alpha is dropped, palettes are looked up, and CMYK is read as Adobe's (inverted). 16-bit
// colour keeps its high byte, but 16-bit grey is clipped at 255, as in PIL. Throws UserError when the file
// cannot be read, is neither PNG nor JPEG, is damaged or truncated, or has more than kMostImagePixels (which
// the header tells before any memory is allocated).
torch::Tensor ReadImage(const std::string& path);

}  // namespace plelab
