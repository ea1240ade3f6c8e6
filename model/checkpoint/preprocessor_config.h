// The saved settings by which a checkpoint's processor prepares images and audio.
#pragma once

#include <optional>
#include <string>

#include "model/base/json_object.h"

namespace plelab {

// Returns the settings of `part`, which is "image_processor" or "feature_extractor".  They are that object of
// processor_config.json (as transformers 5 saves them), else all of preprocessor_config.json, which is one
// flat object for both parts (as published).  Returns nothing when the checkpoint has neither file.
// Throws UserError for a file that cannot be read, and for a key that is unknown here and not null, because
// it might change the result.
std::optional<JsonObject> ReadProcessorConfig(const std::string& checkpoint_directory,
                                              const std::string& part);

// Throws UserError unless `key` is absent, null or false, because this project does not implement what it
// would switch on.
void RequireOff(const JsonObject& config, const std::string& key);

}  // namespace plelab
