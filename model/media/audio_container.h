// Whether an audio file is complete: libsndfile plays what it finds of a truncated one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "model/base/file_descriptor.h"

namespace plelab {

enum class AudioContainer { kWav, kFlac, kOgg };  // WAV is RIFF, RIFX or RF64

// Judges by the first bytes.  Throws UserError for an empty file and for any other format.
AudioContainer DetectContainer(const FileDescriptor& file);

// How a file is to be read whose writer did not know its end.
struct OpenEnd {
  std::string note = {};  // what a user should know, as one line that begins with the path; empty: nothing
  // A WAV's length of samples, where the header has a wrong one: these bytes replace those of the file.
  int64_t patch_at = 0;
  std::vector<std::byte> patch = {};
};

// A WAV that was written to a pipe has a length of 0 or of about 2 or 4 GiB (sox, espeak-ng: 0x7FFFF000;
// ffmpeg: 0xFFFFFFFF; GStreamer: 0): its samples end with the file.  An OGG stream that was recorded has no
// page that is marked as the last one; whatever follows the last page is not read.  Throws UserError for a
// WAV file whose other lengths reach beyond its end, and for an OGG file with a damaged or incomplete page.
// A FLAC decoder counts its samples itself.
OpenEnd CheckComplete(const FileDescriptor& file, AudioContainer container);

}  // namespace plelab
