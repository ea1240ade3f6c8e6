#include "model/media/image_file.h"

#include <algorithm>
#include <array>
#include <vector>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/media/image_codecs.h"

namespace plelab {
namespace {

constexpr std::array<unsigned char, 8> kPng = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1A, '\n'};
constexpr std::array<unsigned char, 3> kJpeg = {0xFF, 0xD8, 0xFF};
// More than any image of kMostImagePixels needs (16-bit RGBA, uncompressed).
constexpr int64_t kMostFileBytes = 8 * kMostImagePixels + (int64_t{1} << 20);

template <size_t N>
bool StartsWith(std::span<const std::byte> file, const std::array<unsigned char, N>& magic) {
  return file.size() >= N && std::equal(magic.begin(), magic.end(), file.begin(),
                                        [](unsigned char a, std::byte b) { return std::byte{a} == b; });
}

std::vector<std::byte> ReadPictureFile(const std::string& path) {
  const FileDescriptor file(path, ReadAhead::kOff);
  std::vector<std::byte> start(static_cast<size_t>(std::min<int64_t>(file.size_bytes(), kPng.size())));
  file.Read(0, start);
  if (start.empty()) throw UserError("{}: the file is empty; expected a PNG or JPEG picture", path);
  if (!StartsWith(start, kPng) && !StartsWith(start, kJpeg)) {
    throw UserError("{}: neither PNG nor JPEG by its content; convert it to one of them", path);
  }
  if (file.size_bytes() > kMostFileBytes) {
    throw UserError("{}: {} bytes; expected a picture file of at most {} bytes", path, file.size_bytes(),
                    kMostFileBytes);
  }
  std::vector<std::byte> bytes(static_cast<size_t>(file.size_bytes()));
  file.Read(0, bytes);
  return bytes;
}

// The same as PIL's exif_transpose for each orientation.
torch::Tensor Upright(const torch::Tensor& x, int orientation) {
  switch (orientation) {
    case 2:
      return x.flip({1});
    case 3:
      return x.flip({0, 1});
    case 4:
      return x.flip({0});
    case 5:
      return x.transpose(0, 1).contiguous();
    case 6:
      return x.transpose(0, 1).flip({1}).contiguous();
    case 7:
      return x.transpose(0, 1).flip({0, 1}).contiguous();
    case 8:
      return x.transpose(0, 1).flip({0}).contiguous();
    default:
      return x;
  }
}

}  // namespace

void CheckImageSize(int64_t height, int64_t width, const std::string& path) {
  if (height < 1 || width < 1) {
    throw UserError("{}: the header says {} × {} pixels; expected at least one", path, width, height);
  }
  if (height > kMostImagePixels / width) {
    throw UserError("{}: the header says {} × {} pixels; expected at most {} pixels: scale the picture down",
                    path, width, height, kMostImagePixels);
  }
}

torch::Tensor ReadImage(const std::string& path) {
  const std::vector<std::byte> file = ReadPictureFile(path);
  const DecodedImage image = StartsWith(file, kPng) ? DecodePng(file, path) : DecodeJpeg(file, path);
  return Upright(image.pixels, image.orientation);
}

}  // namespace plelab
