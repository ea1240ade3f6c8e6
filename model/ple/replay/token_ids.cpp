#include "model/ple/replay/token_ids.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/json_object.h"

namespace plelab {

std::vector<int64_t> ParseTokenIds(const std::string& text, const std::string& origin, int64_t vocab_size) {
  const nlohmann::json json = ParseJson(text, origin);
  const auto& list = json.is_object() && json.contains("ids") ? json["ids"] : json;
  if (!list.is_array()) {
    throw UserError("{}: found {}; expected an array of token ids, or an object with such an 'ids'", origin,
                    list.type_name());
  }
  std::vector<int64_t> ids;
  ids.reserve(list.size());
  for (const auto& id : list) {
    // The parser returns numbers past int64 as unsigned, so compare before converting.
    const bool in_range = id.is_number_integer() && id >= 0 && id < vocab_size;
    if (!in_range) {
      throw UserError(
          "{}: token {} is {}; expected {}", origin, ids.size(), id.dump(),
          vocab_size == kAnyVocabulary
              ? "an id, which is 0 or more"
              : Format("an id from 0 to {}: the ids of this checkpoint's vocabulary", vocab_size - 1));
    }
    ids.push_back(id.get<int64_t>());
  }
  return ids;
}

std::vector<int64_t> ReadTokenIds(const std::string& path, int64_t vocab_size) {
  RefuseSpecialInput(path);
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  if (file) text << file.rdbuf();
  if (!file) throw UserError("{}: cannot be read; expected a JSON file of token ids", path);
  return ParseTokenIds(text.str(), path, vocab_size);
}

}  // namespace plelab
