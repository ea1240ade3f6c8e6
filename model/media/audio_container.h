// Whether an audio file is complete: libsndfile plays what it finds of a truncated one.
#pragma once

#include <string>

#include "model/base/file_descriptor.h"

namespace plelab {

enum class AudioContainer { kWav, kFlac, kOgg };

// Judges by the first bytes.  Throws UserError for an empty file and for any other format.
AudioContainer DetectContainer(const FileDescriptor& file);

// Throws UserError for a WAV file whose chunks reach beyond its end, and for an OGG file with a damaged page
// or without its last page.  A FLAC decoder counts its samples itself.
void CheckComplete(const FileDescriptor& file, AudioContainer container);

}  // namespace plelab
