#include "experiments/media_options.h"

#include <CLI/CLI.hpp>

namespace plelab {

void AddMediaOptions(CLI::App& command, MediaFiles& files) {
  // One file each, so that what follows is not taken for another.
  command.add_option("--image", files.images, "PNG or JPEG; again for another one")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_option("--audio", files.audio, "WAV, FLAC or OGG; again for another one")
      ->expected(1)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  command.add_flag("--truncate", files.truncate, "cut audio that is longer than the model hears (30 s)");
}

}  // namespace plelab
