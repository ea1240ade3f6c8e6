// Whether a sound file is all there: libsndfile plays what it finds of a truncated one.
#pragma once

#include <string>

#include "model/base/file_descriptor.h"

namespace plelab {

enum class AudioContainer { kWav, kFlac, kOgg };

// By the first bytes.  Throws UserError for an empty file and for anything else.
AudioContainer DetectContainer(const FileDescriptor& file);

// Throws UserError for a WAV whose chunks reach beyond its end, and for an OGG with a damaged page or without
// its last one.  A FLAC counts its samples itself.
void CheckComplete(const FileDescriptor& file, AudioContainer container);

}  // namespace plelab
