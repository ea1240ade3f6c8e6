#include "model/tokens/tokenizer.h"

#include <sentencepiece_processor.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <utility>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/sha256.h"
#include "model/tokens/utf8_stream.h"

namespace plelab {
namespace {

constexpr std::string_view kSpace = "\xE2\x96\x81";  // ▁, sentencepiece's space

struct SpecialName {
  std::string text;
  int64_t id;
};

std::string ReadAll(const std::string& path) {
  RefuseSpecialInput(path);
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    throw UserError("{}: no tokenizer there; expected the checkpoint's sentencepiece file tokenizer.model",
                    path);
  }
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string WithSpaces(std::string_view piece) {
  std::string text;
  for (size_t at = 0; at < piece.size();) {
    const bool space = piece.substr(at, kSpace.size()) == kSpace;
    text += space ? ' ' : piece[at];
    at += space ? kSpace.size() : 1;
  }
  return text;
}

}  // namespace

struct Tokenizer::Impl {
  sentencepiece::SentencePieceProcessor pieces;
  std::vector<SpecialName> specials;  // names that Encode looks for, whatever their type in the model
  std::string hash;
  int64_t bos = -1;

  int64_t PieceId(std::string_view piece) const {
    for (const SpecialName& special : specials) {
      if (special.text == piece) return special.id;
    }
    // PieceToId returns the id of <unk> for pieces that it does not know.
    const int id = pieces.PieceToId(piece);
    return pieces.IdToPiece(id) == piece ? id : -1;
  }

  void AddSpecial(const char* text, int64_t id_in_config) {
    const int64_t id = id_in_config >= 0 ? id_in_config : PieceId(text);
    if (id >= 0) specials.push_back({text, id});
  }

  // Splits `text` at special names; calls plain(text) and special(id) in order.
  template <class Plain, class Special>
  void Split(std::string_view text, Plain plain, Special special) const {
    while (!text.empty()) {
      size_t at = text.size();
      const SpecialName* found = nullptr;
      for (const SpecialName& candidate : specials) {
        if (const size_t place = text.find(candidate.text); place < at) {
          at = place;
          found = &candidate;
        }
      }
      if (at > 0) plain(text.substr(0, at));
      if (!found) return;
      special(found->id);
      text.remove_prefix(at + found->text.size());
    }
  }
};

Tokenizer::Tokenizer(const std::string& model_path, const Gemma3nConfig& config)
    : impl_(std::make_unique<Impl>()) {
  const std::string model = ReadAll(model_path);
  if (model.empty() || !impl_->pieces.LoadFromSerializedProto(model).ok()) {
    throw UserError(
        "{}: expected a sentencepiece model, found {} bytes that are not one; is the file complete?",
        model_path, model.size());
  }
  if (vocab_size() > config.text.vocab_size) {
    throw UserError(
        "{}: has {} pieces, but config.json's vocab_size is {}; is this another model's tokenizer?",
        model_path, vocab_size(), config.text.vocab_size);
  }
  impl_->hash = Sha256Hex(model);
  impl_->bos = config.bos_token_id;
  const SpecialTokens& special = config.special;
  impl_->AddSpecial("<start_of_turn>", -1);
  impl_->AddSpecial("<end_of_turn>", -1);
  impl_->AddSpecial("<start_of_image>", special.boi);
  impl_->AddSpecial("<end_of_image>", special.eoi);
  impl_->AddSpecial("<image_soft_token>", special.image);
  impl_->AddSpecial("<start_of_audio>", special.boa);
  impl_->AddSpecial("<end_of_audio>", special.eoa);
  impl_->AddSpecial("<audio_soft_token>", special.audio);
}

Tokenizer::~Tokenizer() = default;
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;

std::vector<int64_t> Tokenizer::Encode(std::string_view text) const {
  std::vector<int64_t> ids;
  impl_->Split(
      text,
      [&](std::string_view plain) {
        const std::vector<int> encoded = impl_->pieces.EncodeAsIds(plain);
        ids.insert(ids.end(), encoded.begin(), encoded.end());
      },
      [&](int64_t id) { ids.push_back(id); });
  return ids;
}

std::string Tokenizer::Bytes(int64_t id) const {
  for (const SpecialName& special : impl_->specials) {
    if (special.id == id) return special.text;
  }
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
