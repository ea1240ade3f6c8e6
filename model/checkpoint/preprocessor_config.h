// How a checkpoint's pictures and sounds are prepared, as its processor was saved.
#pragma once

#include <optional>
#include <string>

#include "model/base/json_object.h"

namespace plelab {

// The settings of `part`, "image_processor" or "feature_extractor": that object of processor_config.json, as
// transformers 5 saves them, else preprocessor_config.json, one flat object for both parts (as published).
// Nothing where the checkpoint has neither.
// Throws UserError for a file that cannot be read, or a key that is not known here and not null: it might
// change the result.
std::optional<JsonObject> ReadProcessorConfig(const std::string& checkpoint_directory,
                                              const std::string& part);

// Throws UserError unless `key` is absent, null or false: what it would switch on is not done here.
void RequireOff(const JsonObject& config, const std::string& key);

}  // namespace plelab
