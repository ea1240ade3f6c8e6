// libpng reports errors by longjmp.  Each step that can fail is therefore a function of its own without
// objects that have destructors, and the C++ code outside continues from its result.
#include <png.h>

#include <algorithm>
#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "model/base/error.h"
#include "model/media/image_codecs.h"
#include "model/media/image_orientation.h"

namespace plelab {
namespace {

struct PngReader {
  explicit PngReader(std::span<const std::byte> bytes) : file(bytes) {}
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;

  std::span<const std::byte> file;
  size_t position = 0;
  png_structp png = nullptr;
  png_infop info = nullptr;
  unsigned char* pixels = nullptr;  // where ReadRows writes
  size_t row_bytes = 0;
  std::jmp_buf escape;
  char message[160] = "";
};

[[noreturn]] void Fail(png_structp png, png_const_charp text) {
  auto* reader = static_cast<PngReader*>(png_get_error_ptr(png));
  std::snprintf(reader->message, sizeof(reader->message), "%s", text);
  std::longjmp(reader->escape, 1);
}

void Ignore(png_structp, png_const_charp) {}

void ReadBytes(png_structp png, png_bytep out, png_size_t count) {
  auto* reader = static_cast<PngReader*>(png_get_io_ptr(png));
  if (count > reader->file.size() - reader->position) png_error(png, "the file ends early");
  std::memcpy(out, reader->file.data() + reader->position, count);
  reader->position += count;
}

using Step = void (*)(PngReader&);

bool Succeeds(PngReader& reader, Step step) {
  if (setjmp(reader.escape)) return false;
  step(reader);
  return true;
}

void ReadHeader(PngReader& reader) {
  png_set_read_fn(reader.png, &reader, ReadBytes);
  // Nothing but pixels is asked of libpng.  Its texts and profiles may expand to gigabytes.
  png_set_keep_unknown_chunks(reader.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);
  png_read_info(reader.png, reader.info);
}

// Outputs 8 bits of grey or RGB, except that 16-bit grey stays as it is (big-endian).
void Start(PngReader& reader) {
  const int colour = png_get_color_type(reader.png, reader.info);
  const int depth = png_get_bit_depth(reader.png, reader.info);
  const bool grey16 = colour == PNG_COLOR_TYPE_GRAY && depth == 16;
  if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(reader.png);
  if (colour == PNG_COLOR_TYPE_GRAY && depth < 8) png_set_expand_gray_1_2_4_to_8(reader.png);
  if (depth == 16 && !grey16) png_set_strip_16(reader.png);
  png_set_strip_alpha(reader.png);
  if (!(colour & PNG_COLOR_MASK_COLOR) && !grey16) png_set_gray_to_rgb(reader.png);
  png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  reader.row_bytes = png_get_rowbytes(reader.png, reader.info);
}

void ReadRows(PngReader& reader) {
  const int passes = png_get_interlace_type(reader.png, reader.info) == PNG_INTERLACE_ADAM7 ? 7 : 1;
  const png_uint_32 rows = png_get_image_height(reader.png, reader.info);
  for (int pass = 0; pass < passes; ++pass) {
    for (png_uint_32 row = 0; row < rows; ++row) {
      png_read_row(reader.png, reader.pixels + row * reader.row_bytes, nullptr);
    }
  }
  png_read_end(reader.png, reader.info);
}

// deflate expands a byte to at most 1,032 bytes.  A file with fewer cannot hold its rows, and no memory is
// allocated for them.
bool CanHoldItsRows(const PngReader& reader, int64_t height, int64_t stored_row_bytes) {
  return height * stored_row_bytes <= 1032 * static_cast<int64_t>(reader.file.size());
}

torch::Tensor ClipTo8Bits(const torch::Tensor& big_endian16) {  // [h, w, 2] → [h, w, 3]
  const auto high = big_endian16.select(2, 0), low = big_endian16.select(2, 1);
  return low.masked_fill(high.ne(0), 255).unsqueeze(2).expand({-1, -1, 3}).contiguous();
}

void Open(PngReader& reader, const std::string& path) {
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, Fail, Ignore);
  if (reader.png != nullptr) reader.info = png_create_info_struct(reader.png);
  if (reader.info == nullptr) throw RunError("{}: libpng could not start; out of memory?", path);
}

void Run(PngReader& reader, Step step, const std::string& path) {
  if (!Succeeds(reader, step)) {
    throw UserError("{}: damaged or truncated PNG: {}; expected a whole picture", path, reader.message);
  }
}

}  // namespace

DecodedImage DecodePng(std::span<const std::byte> file, const std::string& path) {
  PngReader reader(file);
  Open(reader, path);
  Run(reader, ReadHeader, path);
  const int64_t height = png_get_image_height(reader.png, reader.info);
  const int64_t width = png_get_image_width(reader.png, reader.info);
  CheckImageSize(height, width, path);
  const int64_t stored_row_bytes = static_cast<int64_t>(png_get_rowbytes(reader.png, reader.info));
  if (!CanHoldItsRows(reader, height, stored_row_bytes)) {
    throw UserError("{}: truncated PNG: {} bytes cannot hold {} × {} pixels; expected a whole picture", path,
                    file.size(), width, height);
  }
  Run(reader, Start, path);
  const auto channels = static_cast<int64_t>(reader.row_bytes) / width;  // 3, or 2 bytes of 16-bit grey
  DecodedImage image;
  image.pixels = torch::empty({height, width, channels}, torch::kUInt8);
  reader.pixels = image.pixels.data_ptr<uint8_t>();
  Run(reader, ReadRows, path);
  if (channels == 2) image.pixels = ClipTo8Bits(image.pixels);
  image.orientation = ImageOrientation(PngMetadata(file));
  return image;
}

}  // namespace plelab
