// Where a checkpoint's folder says how turns of a conversation are written.
#pragma once

#include <optional>
#include <string>

namespace plelab {

struct ShippedTemplate {
  std::string place;  // the file, and the key in it
  std::string text;   // in Jinja
};

// The chat template that the reference takes when no tools are given: `chat_template` of
// processor_config.json, chat_template.json, chat_template.jinja, additional_chat_templates/default.jinja,
// `chat_template` of tokenizer_config.json, the first that is there (transformers, processing_utils.py and
// tokenization_utils_base.py).  A list of named templates stands for its entry `default`.  Throws UserError
// for files that cannot be read, for templates that are not text, and for named templates without a default.
std::optional<ShippedTemplate> FindChatTemplate(const std::string& checkpoint_directory);

}  // namespace plelab
