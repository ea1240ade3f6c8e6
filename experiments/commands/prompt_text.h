// The prompt of `plelab generate`: where its text comes from, and whether it becomes a chat turn.
#pragma once

#include <optional>
#include <string>

namespace plelab {

struct PromptOptions {
  std::optional<std::string> prompt;  // "-": standard input
  std::optional<std::string> prompt_file;
  std::string system;
  std::string chat = "auto";  // on, off, or auto: on if the checkpoint has a chat template
};

// Returns the text of exactly one of --prompt and --prompt-file, every byte as it stands, the last newline
// too, except a UTF-8 byte order mark at the beginning.  Throws UserError when none or both are given, for a
// file that cannot be read, and for text that is not UTF-8.
std::string ReadPrompt(const PromptOptions& options);

// True when the prompt becomes a turn of a chat, which always means Gemma's turns.  Throws UserError when the
// checkpoint ships a template that writes other turns, and for a system text that the template takes
// otherwise.
bool UseChat(const PromptOptions& options, const std::string& checkpoint_directory);

}  // namespace plelab
