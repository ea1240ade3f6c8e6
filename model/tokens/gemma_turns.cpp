#include "model/tokens/gemma_turns.h"

#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "model/base/format.h"
#include "model/jinja/jinja_template.h"
#include "model/tokens/chat_template.h"

namespace plelab {
namespace {

constexpr std::string_view kBos = "<bos>";

JinjaValue Message(const ChatTurn& turn) {
  const char* role = turn.role == ChatRole::kSystem ? "system"
                     : turn.role == ChatRole::kUser ? "user"
                                                    : "assistant";
  return {JinjaMap{{"role", {std::string(role)}}, {"content", {turn.text}}}};
}

// What the reference gives a template: the special tokens of Gemma 3n, no tools, and the wish for an answer.
JinjaMap VariablesOf(const std::vector<ChatTurn>& turns) {
  JinjaList messages;
  for (const ChatTurn& turn : turns) messages.push_back(Message(turn));
  JinjaMap variables = {{"messages", {messages}},
                        {"add_generation_prompt", {true}},
                        {"tools", {JinjaNone{}}},
                        {"documents", {JinjaNone{}}}};
  const std::pair<const char*, std::string> tokens[] = {{"bos_token", std::string(kBos)},
                                                        {"eos_token", "<eos>"},
                                                        {"unk_token", "<unk>"},
                                                        {"pad_token", "<pad>"},
                                                        {"image_token", "<image_soft_token>"},
                                                        {"audio_token", "<audio_soft_token>"},
                                                        {"boi_token", "<start_of_image>"},
                                                        {"eoi_token", "<end_of_image>"},
                                                        {"boa_token", "<start_of_audio>"},
                                                        {"eoa_token", "<end_of_audio>"}};
  for (const auto& [name, text] : tokens) variables[name] = {text};
  return variables;
}

// `text` in double quotes, on one line, short enough for an error message.
std::string Quoted(const std::string& text) {
  constexpr size_t kMost = 160;
  std::string quoted = nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return quoted.size() <= kMost ? quoted : quoted.substr(0, kMost) + "…\"";
}

// How the template's rendering differs from RenderChat's, or "".
std::string Difference(std::string_view source, const std::vector<ChatTurn>& turns, std::string_view what) {
  std::string rendered;
  try {
    rendered = RenderJinja(source, VariablesOf(turns));
  } catch (const JinjaRaised& raised) {
    return Format("it refuses {}: {}", what, Quoted(raised.what()));
  } catch (const JinjaUnsupported& unsupported) {
    return Format("it has {}, which none of Gemma's has", unsupported.what());
  }
  const std::string expected = RenderChat(turns);
  if (rendered == expected || rendered == std::string(kBos) + expected) return "";
  return Format("it writes {} as {}", what, Quoted(rendered));
}

}  // namespace

TurnsVerdict JudgeTemplate(std::string_view source) {
  const ChatTurn user{ChatRole::kUser, "Hi"};
  // White space around a text is taken away, and nothing else is: neither signs of markup nor thoughts.
  const ChatTurn spaced{ChatRole::kUser, "\n \u3000What is\n\n<b>2 + 2</b>? \t"};
  const ChatTurn model{ChatRole::kModel, " <think>\nIt is 4.\n</think>\n\n4 \n"};
  const ChatTurn system{ChatRole::kSystem, " Be brief. \n"};
  TurnsVerdict verdict;
  verdict.turns = Difference(source, {user}, "a user's turn");
  for (const auto& turns : {std::vector{spaced}, {user, model, spaced}, {spaced, model, user, model, user}}) {
    if (verdict.turns.empty()) verdict.turns = Difference(source, turns, "a conversation");
  }
  if (!verdict.gemma()) return verdict;
  for (const auto& turns : {std::vector{system, user}, {system, spaced, model, user}}) {
    if (verdict.system.empty()) verdict.system = Difference(source, turns, "a system text");
  }
  return verdict;
}

}  // namespace plelab
