#include "model/media/media_input.h"

#include "model/base/error.h"
#include "model/media/audio_features.h"
#include "model/media/image_features.h"

namespace plelab {

MediaInput ReadMedia(const MediaFiles& files, const Checkpoint& checkpoint) {
  return ReadMediaFiles(files, checkpoint.config(), checkpoint.directory());
}

namespace {

torch::Tensor ReadPixels(const std::vector<std::string>& paths, const Gemma3nConfig& config,
                         const std::string& folder) {
  ImageIds(config);  // throws when there is no vision tower
  const ImageProcessor processor = ReadImageProcessor(folder);
  std::vector<torch::Tensor> images;
  for (const std::string& path : paths) images.push_back(LoadImage(path, processor));
  return torch::stack(images);
}

MelFrames ReadClips(const MediaFiles& files, const Gemma3nConfig& config, const std::string& folder) {
  ClipIds(config);  // throws when there is no audio tower
  const AudioProcessor processor = ReadAudioProcessor(folder);
  const int64_t bins = config.audio->input_feat_size;
  if (processor.feature_size != bins) {
    throw UserError("{}: key 'feature_size' is {} in the preprocessor's JSON, the audio tower reads {} bins",
                    folder, processor.feature_size, bins);
  }
  return LoadAudioBatch(files.audio, processor, files.truncate);
}

}  // namespace

MediaInput ReadMediaFiles(const MediaFiles& files, const Gemma3nConfig& config, const std::string& folder) {
  MediaInput input;
  if (!files.images.empty()) input.pixels = ReadPixels(files.images, config, folder);
  if (!files.audio.empty()) {
    const MelFrames frames = ReadClips(files, config, folder);
    input.mel = frames.mel;
    input.mel_mask = frames.mask;
  }
  return input;
}

}  // namespace plelab
