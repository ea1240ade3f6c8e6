// Turns of a conversation as instruction-tuned Gemma checkpoints were trained on them.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/tokens/media_prompt.h"
#include "model/tokens/tokenizer.h"

namespace plelab {

enum class ChatRole { kSystem, kUser, kModel };

struct ChatTurn {
  ChatRole role = ChatRole::kUser;
  std::string text;
};

// The text that asks the model to go on, without bos (the published chat_template.jinja):
//   <start_of_turn>user\n…<end_of_turn>\n<start_of_turn>model\n
// A system text may only come first; it stands before the first user turn's text, a blank line between them.
// Throws UserError unless user and model alternate, beginning and ending with user.
std::string RenderChat(std::span<const ChatTurn> turns);
// bos and the ids of RenderChat, with media where turns have their marks (model/media_prompt.h).  Throws
// UserError also when the vocabulary has no turn marks, and as EncodeWithMedia.
std::vector<int64_t> EncodeChat(const Tokenizer& tokenizer, const Gemma3nConfig& config,
                                std::span<const ChatTurn> turns, MediaCount media = {});

// True where the checkpoint's directory ships a chat template, as instruction-tuned ones do:
// chat_template.jinja, chat_template.json, or `chat_template` in tokenizer_config.json.
bool HasChatTemplate(const std::string& checkpoint_directory);

// Ids that end a generation: eos of config.json, eos of generation_config.json where there is one, and
// `<end_of_turn>` where `chat`.  Sorted, no repeats.  Throws UserError for a generation_config.json that
// cannot be read.
std::vector<int64_t> StopIds(const std::string& checkpoint_directory, const Gemma3nConfig& config,
                             const Tokenizer& tokenizer, bool chat);

}  // namespace plelab
