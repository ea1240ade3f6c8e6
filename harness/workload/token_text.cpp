#include "harness/workload/token_text.h"

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/support/message.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/json_object.h"
#include "model/base/sha256.h"
#include "model/tokens/text_encoding.h"

namespace plelab {
namespace {

std::string ReadFile(const std::string& path) {
  RefuseSpecialInput(path);
  std::ifstream stream(path, std::ios::binary);
  if (!stream) throw UserError("{}: cannot be read; paths are relative to the working directory", path);
  std::ostringstream text;
  text << stream.rdbuf();
  return text.str();
}

std::vector<int64_t> ParseTrace(const std::string& text, const std::string& path) {
  const nlohmann::json json = ParseJson(text, path);
  const auto& ids = json.is_object() && json.contains("ids") ? json["ids"] : json;
  const bool whole = ids.is_array() && std::all_of(ids.begin(), ids.end(),
                                                   [](const auto& id) { return id.is_number_integer(); });
  if (!whole)
    throw UserError("{}: expected an array of integer token ids, or an object with such an 'ids'", path);
  return ids.get<std::vector<int64_t>>();
}

void CheckIds(const TokenText& text, const Vocabulary& vocabulary) {
  const int64_t vocab = vocabulary.config.text.vocab_size;
  for (size_t i = 0; i < text.ids.size(); ++i) {
    if (text.ids[i] >= 0 && text.ids[i] < vocab) continue;
    throw UserError(
        "{}: token {} is id {}, but the vocabulary of {} has {} ids; a trace must be made with the "
        "checkpoint's vocabulary",
        text.path, i, text.ids[i], vocabulary.owner, vocab);
  }
}

}  // namespace

TokenText ReadTokenText(const TextSource& source, const Vocabulary& vocabulary) {
  TokenText text;
  text.path = source.text_file.empty() ? source.trace : source.text_file;
  const std::string bytes = ReadFile(text.path);
  text.sha256 = Sha256Hex(bytes);
  if (source.text_file.empty()) {
    text.ids = ParseTrace(bytes, text.path);
  } else {
    text.tokenizer =
        std::make_shared<Tokenizer>(vocabulary.tokenizer_path, vocabulary.config,
                                    source.special_tokens ? SpecialText::kTokens : SpecialText::kText);
    text.tokenizer_sha256 = text.tokenizer->hash();
    text.ids = text.tokenizer->Encode(DecodeText(bytes, source.encoding, text.path));
  }
  if (DropBos(text.ids, vocabulary.config.bos_token_id) && !source.text_file.empty()) {
    std::fputs(Format("note: {} begins with <bos>; it is left out, because every text gets one\n",
                      Printable(text.path))
                   .c_str(),
               stderr);
  }
  CheckIds(text, vocabulary);
  return text;
}

}  // namespace plelab
