#include "model/media_input.h"

#include "model/audio_features.h"
#include "model/image_features.h"
#include "model/io/error.h"

namespace plelab {
namespace {

torch::Tensor ReadPixels(const std::vector<std::string>& paths, const Checkpoint& checkpoint) {
  ImageIds(checkpoint.config());  // throws where there is no vision tower
  const ImageProcessor processor = ReadImageProcessor(checkpoint.directory());
  std::vector<torch::Tensor> images;
  for (const std::string& path : paths) images.push_back(LoadImage(path, processor));
  return torch::stack(images);
}

MelFrames ReadClips(const MediaFiles& files, const Checkpoint& checkpoint) {
  ClipIds(checkpoint.config());  // throws where there is no audio tower
  const AudioProcessor processor = ReadAudioProcessor(checkpoint.directory());
  const int64_t bins = checkpoint.config().audio->input_feat_size;
  if (processor.feature_size != bins) {
    throw UserError("{}: key 'feature_size' is {} in the preprocessor's JSON, the audio tower reads {} bins",
                    checkpoint.directory(), processor.feature_size, bins);
  }
  return LoadAudioBatch(files.audio, processor, files.truncate);
}

}  // namespace

MediaInput ReadMedia(const MediaFiles& files, const Checkpoint& checkpoint) {
  MediaInput input;
  if (!files.images.empty()) input.pixels = ReadPixels(files.images, checkpoint);
  if (!files.audio.empty()) {
    const MelFrames frames = ReadClips(files, checkpoint);
    input.mel = frames.mel;
    input.mel_mask = frames.mask;
  }
  return input;
}

}  // namespace plelab
