// Tells whether a checkpoint's chat template writes Gemma's turns, those of RenderChat.
#pragma once

#include <string>
#include <string_view>

namespace plelab {

// Empty texts say that the template agrees with RenderChat; else they say how it differs, for example
// `it writes a user's turn as "<|im_start|>user\nHi<|im_end|>\n"`.
struct TurnsVerdict {
  std::string turns;   // conversations of user and model
  std::string system;  // one that begins with a system text; only where `turns` is empty

  bool gemma() const { return turns.empty(); }
};

// Renders a few conversations by `source`, a template in Jinja, as the reference would without tools, and
// compares each with RenderChat, character by character.  bos may come first or not: this product always
// puts it there.  A template that uses more of Jinja than model/jinja/ knows is not recognised.
TurnsVerdict JudgeTemplate(std::string_view source);

}  // namespace plelab
