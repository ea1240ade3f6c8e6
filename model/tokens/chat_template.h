// Formats the turns of a conversation as instruction-tuned Gemma checkpoints were trained to read them.
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

// The prompt that asks the model for its next turn, without bos.  Follows the published chat_template.jinja:
//   <start_of_turn>user\n…<end_of_turn>\n<start_of_turn>model\n
// A system turn may only come first; its text and a blank line go before the text of the first user turn.
// White space around the other texts is taken away, as Python's strip() does.
// Throws UserError unless user and model turns alternate, beginning and ending with user.
std::string RenderChat(std::span<const ChatTurn> turns);
// Returns bos and the ids of RenderChat, with media in place of their marks (model/tokens/media_prompt.h).
// Throws UserError also when the vocabulary lacks the turn marks, and as EncodeWithMedia does.
std::vector<int64_t> EncodeChat(const Tokenizer& tokenizer, const Gemma3nConfig& config,
                                std::span<const ChatTurn> turns, MediaCount media = {});

// The ids that end generation, sorted and without repeats: eos of config.json, eos of generation_config.json
// if there is one, and `<end_of_turn>` if `chat`.  Throws UserError for a generation_config.json that cannot
// be read.
std::vector<int64_t> StopIds(const std::string& checkpoint_directory, const Gemma3nConfig& config,
                             const Tokenizer& tokenizer, bool chat);

}  // namespace plelab
