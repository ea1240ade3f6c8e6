// From files to what the towers read, of a model that may have no checkpoint yet.
#pragma once

#include <string>

#include "model/media_input.h"

namespace plelab {

// As ReadMedia; `folder` holds preprocessor_config.json, and is what errors call the model.
MediaInput ReadMediaFiles(const MediaFiles& files, const Gemma3nConfig& config, const std::string& folder);

}  // namespace plelab
