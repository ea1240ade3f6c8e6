#include "model/vocabulary/vocabulary.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "model/base/error.h"
#include "model/vocabulary/bpe_order.h"
#include "model/vocabulary/sentencepiece_proto.h"
#include "model/vocabulary/tokenizer_json.h"

namespace plelab {
namespace {

constexpr std::string_view kTurnMarks[] = {"<start_of_turn>", "<end_of_turn>"};

// The ids of config.json, which decide where a vocabulary says otherwise.  −1: config.json has none.
std::vector<std::pair<const char*, int64_t>> MediaMarks(const SpecialTokens& ids) {
  return {{"<start_of_image>", ids.boi}, {"<end_of_image>", ids.eoi}, {"<image_soft_token>", ids.image},
          {"<start_of_audio>", ids.boa}, {"<end_of_audio>", ids.eoa}, {"<audio_soft_token>", ids.audio}};
}

// Added tokens by their spelling, in order, each once.
class Added {
 public:
  bool Has(const std::string& content) const { return tokens_.contains(content); }
  void Put(AddedToken token) {
    std::string content = token.content;
    tokens_.insert_or_assign(std::move(content), std::move(token));
  }
  std::vector<AddedToken> List() const {
    std::vector<AddedToken> list;
    for (const auto& [content, token] : tokens_) list.push_back(token);
    return list;
  }

 private:
  std::map<std::string, AddedToken> tokens_;
};

struct PieceInModel {
  int64_t id = -1;
  PieceType type = PieceType::kNormal;
};
using PiecesOfModel = std::unordered_map<std::string, PieceInModel>;

// Empty when the model is not in the wire format, which sentencepiece then finds too.
PiecesOfModel PiecesOf(std::string& model) {
  PiecesOfModel pieces;
  const auto keep = [&](int64_t id, std::string_view text, PieceType type) {
    pieces.emplace(text, PieceInModel{id, type});
    return type;
  };
  if (!RetypePieces(model, keep)) pieces.clear();
  return pieces;
}

void AddMarks(const PiecesOfModel& pieces, const Gemma3nConfig& config, Added& added) {
  const auto id_of = [&](std::string_view name) {
    const auto found = pieces.find(std::string(name));
    return found == pieces.end() ? int64_t{-1} : found->second.id;
  };
  const auto add = [&](std::string_view name, int64_t id) {
    if (id >= 0) added.Put({.content = std::string(name), .id = id, .special = true});
  };
  for (const std::string_view name : kTurnMarks) add(name, id_of(name));
  for (const auto& [name, id] : MediaMarks(config.special)) add(name, id >= 0 ? id : id_of(name));
}

// The added tokens of the files beside tokenizer.model.
void AddFromFolder(const PiecesOfModel& pieces, const std::string& path, Added& added) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  for (AddedToken& token : ReadAddedTokens(folder.empty() ? "." : folder)) {
    const auto piece = pieces.find(token.content);
    if (piece != pieces.end() && piece->second.id != token.id) {
      throw UserError(
          "{}: '{}' has id {}, but {} according to the added tokens beside it; keep the right file", path,
          token.content, piece->second.id, token.id);
    }
    const bool is_found_by_model =
        piece != pieces.end() && piece->second.type == PieceType::kUserDefined && !token.special;
    if (!is_found_by_model && !added.Has(token.content)) added.Put(std::move(token));
  }
}

std::optional<uint8_t> ByteOf(std::string_view piece) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  if (piece.size() != 6 || !piece.starts_with("<0x") || piece.back() != '>') return std::nullopt;
  const size_t high = kDigits.find(piece[3]), low = kDigits.find(piece[4]);
  if (high == kDigits.npos || low == kDigits.npos) return std::nullopt;
  return static_cast<uint8_t>(high * 16 + low);
}

std::string BytePiece(int byte) { return Format("<0x{:02X}>", byte); }

// The id of each byte.  Converted vocabularies may have the character instead ("\t" for <0x09>).
std::map<int64_t, int> ByteIds(const JsonVocabulary& json, const std::string& path) {
  std::vector<int64_t> ids(256, -1);
  for (int64_t id = 0; id < std::ssize(json.pieces); ++id) {
    const std::string_view piece = json.pieces[id];
    if (const auto byte = ByteOf(piece)) ids[*byte] = id;
  }
  for (int64_t id = 0; id < std::ssize(json.pieces); ++id) {
    const std::string_view piece = json.pieces[id];
    const auto byte = piece.empty() ? 0x80 : static_cast<uint8_t>(piece.front());
    if (piece.size() == 1 && byte < 0x80 && ids[byte] < 0) ids[byte] = id;
  }
  std::map<int64_t, int> bytes;
  for (int byte = 0; byte < 256; ++byte) {
    if (ids[byte] < 0) {
      throw UserError("{}: 'model.vocab' has no {}; byte fallback needs a piece for each of 256 bytes", path,
                      BytePiece(byte));
    }
    bytes[ids[byte]] = byte;
  }
  return bytes;
}

// Control pieces are never found in a text; the names of ids without a piece only have to differ.
std::vector<VocabularyPiece> PiecesOf(const JsonVocabulary& json, const std::string& path) {
  const std::vector<int32_t> order = OrderOfPieces(json, path);
  const std::map<int64_t, int> bytes = ByteIds(json, path);
  std::vector<VocabularyPiece> pieces;
  for (int64_t id = 0; id < std::ssize(json.pieces); ++id) {
    const std::string_view text = json.pieces[id];
    const bool one_character =
        std::ranges::count_if(text, [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; }) == 1;
    VocabularyPiece piece{std::string(text), -static_cast<float>(order[id]), PieceType::kControl};
    if (order[id] < 0) piece.score = 0;
    if (text.empty()) {
      piece.text = Format("{}{}", kTextMark, id);
    } else if (id == json.unknown) {
      piece.type = PieceType::kUnknown;
    } else if (const auto byte = bytes.find(id); byte != bytes.end()) {
      if (order[id] >= 0) throw UserError("{}: a merge makes the byte piece '{}'", path, text);
      piece = {BytePiece(byte->second), 0, PieceType::kByte};
    } else if (order[id] >= 0 || one_character) {
      piece.type = PieceType::kNormal;
    }
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

bool IsSilent(int64_t id, const Gemma3nConfig& config, int64_t unknown) {
  const bool ends = !config.eos_token_ids.empty() && id == config.eos_token_ids.front();
  return ends || id == config.bos_token_id || id == config.pad_token_id || id == unknown;
}

}  // namespace

TokenVocabulary VocabularyOfModel(std::string model, const std::string& path, const Gemma3nConfig& config) {
  const PiecesOfModel pieces = PiecesOf(model);
  Added added;
  TokenVocabulary vocabulary;
  AddMarks(pieces, config, added);
  AddFromFolder(pieces, path, added);
  for (const AddedToken& token : added.List()) vocabulary.decoded[token.id] = token.content;
  for (const auto& [text, piece] : pieces) {
    if (piece.type != PieceType::kControl && piece.type != PieceType::kUnknown) continue;
    vocabulary.decoded[piece.id] = "";
    if (!added.Has(text)) added.Put({.content = text, .id = piece.id, .special = true});
  }
  vocabulary.added = added.List();
  std::set<std::string, std::less<>> special;
  for (const AddedToken& token : vocabulary.added) {
    if (token.special) special.insert(token.content);
  }
  // So that sentencepiece reads its spelling as text where this is wanted.
  RetypePieces(model, [&](int64_t, std::string_view text, PieceType type) {
    return type == PieceType::kUserDefined && special.contains(text) ? PieceType::kControl : type;
  });
  vocabulary.model = std::move(model);
  return vocabulary;
}

// Added tokens have the ids of their pieces, or ids of their own.  The reference takes the piece's id where
// the two disagree, so that a file in which they do says something else than it seems to.
void CheckAddedIds(const JsonVocabulary& json, const std::string& path) {
  std::map<std::string_view, int64_t> ids;
  for (int64_t id = 0; id < std::ssize(json.pieces); ++id) {
    if (!json.pieces[id].empty()) ids[json.pieces[id]] = id;
  }
  for (const AddedToken& token : json.added) {
    const auto piece = ids.find(token.content);
    if (piece != ids.end() && piece->second != token.id) {
      throw UserError("{}: added token '{}' has id {}, but 'model.vocab' gives it {}; make them equal", path,
                      token.content, token.id, piece->second);
    }
    const bool taken = token.id < std::ssize(json.pieces) && !json.pieces[token.id].empty();
    if (piece != ids.end() || !taken) continue;
    throw UserError("{}: added token '{}' has id {}, which 'model.vocab' gives to '{}'; make them equal",
                    path, token.content, token.id, json.pieces[token.id]);
  }
}

TokenVocabulary VocabularyOfJson(const std::string& text, const std::string& path,
                                 const Gemma3nConfig& config) {
  const JsonVocabulary json = ParseTokenizerJson(text, path, config.text.vocab_size);
  CheckAddedIds(json, path);
  const std::vector<VocabularyPiece> pieces = PiecesOf(json, path);
  TokenVocabulary vocabulary;
  vocabulary.model = WriteSentencePieceModel(pieces);
  for (size_t id = 0; id < pieces.size(); ++id) {
    if (pieces[id].type == PieceType::kControl) {
      vocabulary.decoded[static_cast<int64_t>(id)] = WithSpaces(json.pieces[id]);
    }
  }
  Added added;
  for (AddedToken token : json.added) {
    token.special |= std::ranges::count(kTurnMarks, std::string_view(token.content)) > 0;
    added.Put(token);
    vocabulary.decoded[token.id] = token.special ? token.content : WithSpaces(token.content);
    if (token.special && IsSilent(token.id, config, json.unknown)) vocabulary.decoded[token.id] = "";
  }
  for (const auto& [name, id] : MediaMarks(config.special)) {
    if (id < 0) continue;
    added.Put({.content = name, .id = id, .special = true});
    vocabulary.decoded[id] = name;
  }
  vocabulary.added = added.List();
  return vocabulary;
}

}  // namespace plelab
