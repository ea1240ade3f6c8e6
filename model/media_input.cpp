#include "model/media_input.h"

#include "model/media_files.h"

namespace plelab {

MediaInput ReadMedia(const MediaFiles& files, const Checkpoint& checkpoint) {
  return ReadMediaFiles(files, checkpoint.config(), checkpoint.directory());
}

}  // namespace plelab
