#include "model/tokens/chat_template.h"

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/json_object.h"
#include "model/jinja/jinja_value.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

constexpr char kStart[] = "<start_of_turn>";
constexpr char kEnd[] = "<end_of_turn>";

nlohmann::json ReadJson(const fs::path& path) {
  RefuseSpecialInput(path.string());
  std::ifstream file(path);
  auto json = ParseJson({std::istreambuf_iterator<char>(file), {}}, path.string());
  if (!json.is_object()) throw UserError("{}: expected a JSON object; is the file complete?", path.string());
  return json;
}

// eos_token_id: an id, a list of ids, or null.
void AddEosIds(const fs::path& path, std::set<int64_t>& ids) {
  const auto json = ReadJson(path);
  const auto eos = json.find("eos_token_id");
  if (eos == json.end() || eos->is_null()) return;
  const auto list = eos->is_array() ? *eos : nlohmann::json::array({*eos});
  for (const auto& id : list) {
    if (!id.is_number_integer()) {
      throw UserError("{}: 'eos_token_id' is {}; expected an id or a list of ids", path.string(),
                      eos->dump());
    }
    ids.insert(id.get<int64_t>());
  }
}

}  // namespace

std::string RenderChat(std::span<const ChatTurn> turns) {
  std::string before_first_user;
  if (!turns.empty() && turns.front().role == ChatRole::kSystem) {
    before_first_user = turns.front().text + "\n\n";
    turns = turns.subspan(1);
  }
  std::string text;
  for (size_t i = 0; i < turns.size(); ++i) {
    const bool user = i % 2 == 0;
    if (turns[i].role != (user ? ChatRole::kUser : ChatRole::kModel)) {
      throw UserError("chat: turn {} is not the {}'s; user and model alternate after an optional system text",
                      i + 1, user ? "user" : "model");
    }
    text += std::string(kStart) + (user ? "user\n" : "model\n");
    if (i == 0) text += before_first_user;
    text += std::string(Stripped(turns[i].text)) + kEnd + "\n";
  }
  if (turns.size() % 2 == 0) throw UserError("chat: the last turn must be the user's");
  return text + kStart + "model\n";
}

std::vector<int64_t> EncodeChat(const Tokenizer& tokenizer, const Gemma3nConfig& config,
                                std::span<const ChatTurn> turns, MediaCount media) {
  for (const char* mark : {kStart, kEnd}) {
    if (tokenizer.PieceId(mark) >= 0) continue;
    throw UserError("chat: the vocabulary has no {}; is this an instruction-tuned Gemma checkpoint?", mark);
  }
  std::vector<int64_t> ids = EncodeWithMedia(tokenizer, config, RenderChat(turns), media);
  ids.insert(ids.begin(), tokenizer.bos());
  return ids;
}

std::vector<int64_t> StopIds(const std::string& checkpoint_directory, const Gemma3nConfig& config,
                             const Tokenizer& tokenizer, bool chat) {
  std::set<int64_t> ids(config.eos_token_ids.begin(), config.eos_token_ids.end());
  const fs::path generation_config = fs::path(checkpoint_directory) / "generation_config.json";
  if (fs::exists(generation_config)) AddEosIds(generation_config, ids);
  if (const int64_t end = tokenizer.PieceId(kEnd); chat && end >= 0) ids.insert(end);
  return {ids.begin(), ids.end()};
}

}  // namespace plelab
