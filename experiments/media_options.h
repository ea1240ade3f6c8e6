// --image, --audio and --truncate, for `generate` and `logits` alike.
#pragma once

#include "model/media_input.h"

namespace CLI {
class App;
}

namespace plelab {

// `files` outlives the command line.
void AddMediaOptions(CLI::App& command, MediaFiles& files);

}  // namespace plelab
