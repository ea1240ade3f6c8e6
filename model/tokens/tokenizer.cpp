#include "model/tokens/tokenizer.h"

#include <sentencepiece_processor.h>

#include <filesystem>
#include <unordered_map>
#include <utility>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/sha256.h"
#include "model/base/trial.h"
#include "model/tokens/utf8_stream.h"
#include "model/vocabulary/added_tokens.h"
#include "model/vocabulary/tokenizer_json.h"
#include "model/vocabulary/vocabulary.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

std::string ReadTokenizerFile(const std::string& path) {
  if (!fs::exists(path)) {
    throw UserError("{}: no tokenizer there; expected the checkpoint's tokenizer.model or tokenizer.json",
                    path);
  }
  return ReadVocabularyFile(path);
}

// The only place where sentencepiece reads a model.  What it does with a damaged one is seen in a child
// process.
void LoadPieces(const std::string& model, const std::string& path,
                sentencepiece::SentencePieceProcessor& pieces) {
  const TrialResult trial = TryInChild([&] {
    if (pieces.LoadFromSerializedProto(model).ok())
      pieces.EncodeAsIds("A \xEF\xBC\xA1 \xE2\x91\xA0");  // A A ①
  });
  if (!trial.survived()) {
    throw UserError("{}: expected a sentencepiece model, found one that {}; fetch it again", path,
                    trial.Describe());
  }
  if (!model.empty() && pieces.LoadFromSerializedProto(model).ok()) return;
  throw UserError(
      "{}: expected a sentencepiece model, found {} bytes that are not one; is the file complete?", path,
      model.size());
}

}  // namespace

struct Tokenizer::Impl {
  sentencepiece::SentencePieceProcessor pieces;
  AddedTokens added;
  std::unordered_map<int64_t, std::string> decoded;  // where the processor says otherwise
  SpecialText special_text = SpecialText::kTokens;
  std::string path, hash;
  int64_t bos = -1;
  int64_t rows = 0;  // of the embedding table

  int64_t PieceId(std::string_view piece) const {
    if (const AddedToken* token = added.Find(piece)) return token->id;
    // PieceToId returns the id of <unk> for pieces that it does not know.
    const int id = pieces.PieceToId(piece);
    return pieces.IdToPiece(id) == piece ? id : -1;
  }

  int64_t RequireRow(const AddedToken& token) const {
    if (token.id < rows) return token.id;
    throw UserError("the text has '{}', which is id {} in {}, but config.json's vocab_size is {}",
                    token.content, token.id, path, rows);
  }
};

bool DropBos(std::vector<int64_t>& ids, int64_t bos) {
  if (ids.empty() || ids.front() != bos) return false;
  ids.erase(ids.begin());
  return true;
}

Tokenizer::Tokenizer(const std::string& path, const Gemma3nConfig& config, SpecialText special_text)
    : impl_(std::make_unique<Impl>()) {
  std::string file = ReadTokenizerFile(path);
  impl_->hash = Sha256Hex(file);
  TokenVocabulary vocabulary = path.ends_with(".json") ? VocabularyOfJson(file, path, config)
                                                       : VocabularyOfModel(std::move(file), path, config);
  LoadPieces(vocabulary.model, path, impl_->pieces);
  if (vocab_size() > config.text.vocab_size) {
    throw UserError(
        "{}: has {} pieces, but config.json's vocab_size is {}; is this another model's tokenizer?", path,
        vocab_size(), config.text.vocab_size);
  }
  impl_->added = AddedTokens(std::move(vocabulary.added));
  impl_->decoded = std::move(vocabulary.decoded);
  impl_->special_text = special_text;
  impl_->path = path;
  impl_->bos = config.bos_token_id;
  impl_->rows = config.text.vocab_size;
}

Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;

std::vector<int64_t> Tokenizer::Encode(std::string_view text) const {
  std::vector<int64_t> ids;
  impl_->added.Split(
      text, impl_->special_text == SpecialText::kText,
      [&](std::string_view plain) {
        const std::vector<int> encoded = impl_->pieces.EncodeAsIds(plain);
        ids.insert(ids.end(), encoded.begin(), encoded.end());
      },
      [&](const AddedToken& token) { ids.push_back(impl_->RequireRow(token)); });
  return ids;
}

std::string Tokenizer::AsText(std::string_view text) const { return impl_->added.AsText(text); }

std::string Tokenizer::Bytes(int64_t id) const {
  if (const auto known = impl_->decoded.find(id); known != impl_->decoded.end()) return known->second;
  if (id < 0 || id >= vocab_size()) return "";
  const int piece_id = static_cast<int>(id);
  const auto& pieces = impl_->pieces;
  if (pieces.IsControl(piece_id) || pieces.IsUnknown(piece_id) || pieces.IsUnused(piece_id)) return "";
  const std::string& piece = pieces.IdToPiece(piece_id);
  if (pieces.IsByte(piece_id)) {  // <0x0A>
    return std::string(1, static_cast<char>(std::stoi(piece.substr(3, 2), nullptr, 16)));
  }
  return WithSpaces(piece);
}

std::string Tokenizer::Decode(std::span<const int64_t> ids) const {
  Utf8Stream stream;
  std::string text;
  for (const int64_t id : ids) text += stream.Push(Bytes(id));
  return text + stream.Finish();
}

int64_t Tokenizer::vocab_size() const { return impl_->pieces.GetPieceSize(); }
int64_t Tokenizer::bos() const { return impl_->bos; }
int64_t Tokenizer::PieceId(std::string_view piece) const { return impl_->PieceId(piece); }
const std::string& Tokenizer::hash() const { return impl_->hash; }

}  // namespace plelab
