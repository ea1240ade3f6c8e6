// libjpeg reports errors by longjmp.  Each step that can fail is therefore a function of its own without
// objects that have destructors, and the C++ code outside continues from its result.
#include <jpeglib.h>

#include <cstdio>  // required before jpeglib.h
//
#include <jerror.h>

#include <algorithm>
#include <csetjmp>
#include <cstring>
#include <vector>

#include "model/base/error.h"
#include "model/media/image_codecs.h"
#include "model/media/image_file.h"
#include "model/media/image_orientation.h"

namespace plelab {
namespace {

// A progressive image has about ten scans, and each one costs a pass over the whole image.  So many for the
// largest image, more for smaller ones: two to four seconds of decoding.
constexpr int64_t kMostScannedPixels = 20 * kMostImagePixels;
constexpr int64_t kMostScans = 500;

struct JpegReader {
  explicit JpegReader(std::span<const std::byte> bytes) : file(bytes) {}
  ~JpegReader() { jpeg_destroy_decompress(&jpeg); }
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;

  std::span<const std::byte> file;
  int most_scans = 0;  // 0: not known yet
  bool has_too_many_scans = false;
  jpeg_decompress_struct jpeg = {};
  jpeg_error_mgr errors = {};
  jpeg_progress_mgr progress = {};
  JSAMPROW row = nullptr;  // where ReadRow writes
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void Fail(j_common_ptr jpeg) {
  auto* reader = static_cast<JpegReader*>(jpeg->client_data);
  jpeg->err->format_message(jpeg, reader->message);
  std::longjmp(reader->escape, 1);
}

// Warnings that mean lost pixels are errors: libjpeg would continue with grey or smeared pixels.
void Warn(j_common_ptr jpeg, int level) {
  if (level >= 0) return;
  switch (jpeg->err->msg_code) {
    case JWRN_JPEG_EOF:
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
      Fail(jpeg);
    default:
      return;
  }
}

void LimitScans(j_common_ptr jpeg) {
  auto* reader = static_cast<JpegReader*>(jpeg->client_data);
  if (reader->most_scans == 0 || reader->jpeg.input_scan_number <= reader->most_scans) return;
  reader->has_too_many_scans = true;
  std::longjmp(reader->escape, 1);
}

using Step = void (*)(JpegReader&);

bool Succeeds(JpegReader& reader, Step step) {
  if (setjmp(reader.escape)) return false;
  step(reader);
  return true;
}

void ReadHeader(JpegReader& reader) {
  jpeg_create_decompress(&reader.jpeg);
  reader.jpeg.client_data = &reader;
  reader.progress.progress_monitor = LimitScans;
  reader.jpeg.progress = &reader.progress;
  jpeg_mem_src(&reader.jpeg, reinterpret_cast<const unsigned char*>(reader.file.data()), reader.file.size());
  jpeg_save_markers(&reader.jpeg, JPEG_APP0 + 1, 0xFFFF);
  jpeg_read_header(&reader.jpeg, TRUE);
}

void Start(JpegReader& reader) { jpeg_start_decompress(&reader.jpeg); }
void ReadRow(JpegReader& reader) { jpeg_read_scanlines(&reader.jpeg, &reader.row, 1); }
void Finish(JpegReader& reader) { jpeg_finish_decompress(&reader.jpeg); }

void Run(JpegReader& reader, Step step, const std::string& path) {
  if (!Succeeds(reader, step)) {
    if (reader.has_too_many_scans) {
      throw UserError(
          "{}: a JPEG of {} × {} pixels may have {} scans, this one has more; save it without them", path,
          reader.jpeg.image_width, reader.jpeg.image_height, reader.most_scans);
    }
    throw UserError("{}: damaged or truncated JPEG: {}; expected a whole picture", path, reader.message);
  }
}

// PIL reads images of one component (grey), three, and four, which it takes for Adobe's CMYK or YCCK.
void ChooseOutput(JpegReader& reader, const std::string& path) {
  switch (reader.jpeg.num_components) {
    case 1:
      reader.jpeg.out_color_space = JCS_GRAYSCALE;
      return;
    case 3:
      reader.jpeg.out_color_space = JCS_RGB;
      return;
    case 4:
      reader.jpeg.out_color_space = JCS_CMYK;
      return;
    default:
      throw UserError("{}: a JPEG of {} components; expected 1 (grey), 3 (colour) or 4 (CMYK)", path,
                      reader.jpeg.num_components);
  }
}

// Huffman codes take at least one bit per block of 64 pixels.  A shorter file cannot hold its image, and no
// memory is allocated for it.
void CheckLength(const JpegReader& reader, int64_t height, int64_t width, const std::string& path) {
  const auto bytes = static_cast<int64_t>(reader.file.size());
  if (reader.jpeg.arith_code || height * width <= 512 * bytes) return;
  throw UserError("{}: truncated JPEG: {} bytes cannot hold {} × {} pixels; expected a whole picture", path,
                  bytes, width, height);
}

// The product of two bytes divided by 255, rounded as PIL rounds it.
int MultiplyBytes(int a, int b) {
  const int product = a * b + 128;
  return ((product >> 8) + product) >> 8;
}

// PIL inverts what it reads (Adobe stores CMYK inverted), then subtracts each ink from what black leaves.
void CmykRow(const unsigned char* cmyk, int64_t width, unsigned char* rgb) {
  for (int64_t x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int light = cmyk[3];
    for (int c = 0; c < 3; ++c) {
      rgb[c] = static_cast<unsigned char>(light - MultiplyBytes(255 - cmyk[c], light));
    }
  }
}

void GreyRow(const unsigned char* grey, int64_t width, unsigned char* rgb) {
  for (int64_t x = 0; x < width; ++x, rgb += 3) std::memset(rgb, grey[x], 3);
}

torch::Tensor ReadPixels(JpegReader& reader, int64_t height, int64_t width, const std::string& path) {
  const auto pixels = torch::empty({height, width, 3}, torch::kUInt8);
  const int channels = reader.jpeg.output_components;
  std::vector<unsigned char> row(static_cast<size_t>(width) * 4);
  unsigned char* out = pixels.data_ptr<uint8_t>();
  for (int64_t y = 0; y < height; ++y, out += 3 * width) {
    reader.row = channels == 3 ? out : row.data();
    Run(reader, ReadRow, path);
    if (channels == 1) GreyRow(row.data(), width, out);
    if (channels == 4) CmykRow(row.data(), width, out);
  }
  return pixels;
}

// EXIF that is too long for one segment continues in the next one; of several XMP segments PIL keeps the
// last.
ImageMetadata Metadata(const JpegReader& reader) {
  constexpr std::string_view kExif("Exif\0\0", 6), kXmp("http://ns.adobe.com/xap/1.0/\0", 29);
  ImageMetadata metadata;
  for (auto* marker = reader.jpeg.marker_list; marker != nullptr; marker = marker->next) {
    const std::string_view data(reinterpret_cast<const char*>(marker->data), marker->data_length);
    if (data.starts_with(kExif)) metadata.exif += data.substr(kExif.size());
    if (data.starts_with(kXmp)) metadata.xmp = data.substr(kXmp.size());
  }
  return metadata;
}

}  // namespace

DecodedImage DecodeJpeg(std::span<const std::byte> file, const std::string& path) {
  JpegReader reader(file);
  reader.jpeg.err = jpeg_std_error(&reader.errors);
  reader.errors.error_exit = Fail;
  reader.errors.emit_message = Warn;
  reader.jpeg.client_data = &reader;
  Run(reader, ReadHeader, path);
  const int64_t height = reader.jpeg.image_height, width = reader.jpeg.image_width;
  CheckImageSize(height, width, path);
  reader.most_scans = static_cast<int>(std::min(kMostScans, kMostScannedPixels / (height * width)));
  ChooseOutput(reader, path);
  CheckLength(reader, height, width, path);
  Run(reader, Start, path);
  DecodedImage image;
  image.pixels = ReadPixels(reader, height, width, path);
  image.orientation = ImageOrientation(Metadata(reader));  // before Finish, which frees the markers
  Run(reader, Finish, path);
  return image;
}

}  // namespace plelab
