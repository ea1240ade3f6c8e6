#include "model/vocabulary/sentencepiece_proto.h"

#include <bit>
#include <cstddef>
#include <optional>

namespace plelab {
namespace {

enum Wire : uint64_t { kVarint = 0, kFixed64 = 1, kBytes = 2, kFixed32 = 5 };

// Field numbers of sentencepiece_model.proto.
constexpr uint64_t kModelPieces = 1, kModelTrainer = 2, kModelNormalizer = 3;
constexpr uint64_t kPieceText = 1, kPieceScore = 2, kPieceType = 3;
constexpr uint64_t kTrainerModelType = 3, kTrainerVocabSize = 4, kTrainerByteFallback = 35;
constexpr uint64_t kNormalizerName = 1, kNormalizerDummyPrefix = 3, kNormalizerRemoveExtraSpaces = 4,
                   kNormalizerEscapeSpaces = 5;
constexpr uint64_t kBpe = 2;

void PutVarint(std::string& out, uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

void PutNumber(std::string& out, uint64_t field, uint64_t value) {
  PutVarint(out, field << 3 | kVarint);
  PutVarint(out, value);
}

void PutFloat(std::string& out, uint64_t field, float value) {
  PutVarint(out, field << 3 | kFixed32);
  const auto bits = std::bit_cast<uint32_t>(value);
  for (int shift = 0; shift < 32; shift += 8) out += static_cast<char>(bits >> shift);
}

void PutBytes(std::string& out, uint64_t field, std::string_view bytes) {
  PutVarint(out, field << 3 | kBytes);
  PutVarint(out, bytes.size());
  out += bytes;
}

// Reads fields one after another.
class WireReader {
 public:
  WireReader(std::string_view bytes, size_t begin, size_t end) : bytes_(bytes), at_(begin), end_(end) {}

  struct Field {
    uint64_t number = 0;
    Wire wire = kVarint;
    size_t begin = 0, end = 0;  // of its payload
  };
  // nullopt at the end, and where the bytes are not in the format: then ok() is false.
  std::optional<Field> Next() {
    if (at_ == end_) return std::nullopt;
    const std::optional<uint64_t> key = Varint();
    if (!key) return Fail();
    Field field{*key >> 3, static_cast<Wire>(*key & 7)};
    std::optional<uint64_t> size;
    field.begin = at_;
    if (field.wire == kVarint) {
      if (!Varint()) return Fail();
      field.end = at_;
      return field;
    }
    if (field.wire == kBytes) size = Varint();
    if (field.wire == kFixed64) size = 8;
    if (field.wire == kFixed32) size = 4;
    field.begin = at_;
    if (!size || *size > end_ - at_) return Fail();
    at_ += *size;
    field.end = at_;
    return field;
  }
  bool ok() const { return ok_; }

 private:
  std::optional<Field> Fail() {
    ok_ = false;
    return std::nullopt;
  }
  std::optional<uint64_t> Varint() {
    uint64_t value = 0;
    for (int shift = 0; shift < 64 && at_ < end_; shift += 7) {
      const auto byte = static_cast<uint8_t>(bytes_[at_++]);
      value |= uint64_t{byte & 0x7Fu} << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }

  std::string_view bytes_;
  size_t at_, end_;
  bool ok_ = true;
};

std::string PieceMessage(const VocabularyPiece& piece) {
  std::string message;
  PutBytes(message, kPieceText, piece.text);
  PutFloat(message, kPieceScore, piece.score);
  PutNumber(message, kPieceType, static_cast<uint64_t>(piece.type));
  return message;
}

}  // namespace

std::string WriteSentencePieceModel(std::span<const VocabularyPiece> pieces) {
  std::string model, trainer, normalizer;
  for (const VocabularyPiece& piece : pieces) PutBytes(model, kModelPieces, PieceMessage(piece));
  PutNumber(trainer, kTrainerModelType, kBpe);
  PutNumber(trainer, kTrainerVocabSize, pieces.size());
  PutNumber(trainer, kTrainerByteFallback, 1);
  PutBytes(model, kModelTrainer, trainer);
  PutBytes(normalizer, kNormalizerName, "identity");
  PutNumber(normalizer, kNormalizerDummyPrefix, 0);
  PutNumber(normalizer, kNormalizerRemoveExtraSpaces, 0);
  PutNumber(normalizer, kNormalizerEscapeSpaces, 1);
  PutBytes(model, kModelNormalizer, normalizer);
  return model;
}

bool RetypePieces(std::string& model,
                  const std::function<PieceType(int64_t id, std::string_view text, PieceType type)>& visit) {
  WireReader fields(model, 0, model.size());
  int64_t id = 0;
  while (const auto field = fields.Next()) {
    if (field->number != kModelPieces || field->wire != kBytes) continue;
    WireReader parts(model, field->begin, field->end);
    std::string_view text;
    auto type = PieceType::kNormal;
    size_t type_at = 0;  // of its one byte; 0: the field is absent, which means a normal piece
    while (const auto part = parts.Next()) {
      if (part->number == kPieceText && part->wire == kBytes) {
        text = std::string_view(model).substr(part->begin, part->end - part->begin);
      } else if (part->number == kPieceType && part->wire == kVarint && part->end - part->begin == 1) {
        type_at = part->begin;
        type = static_cast<PieceType>(model[type_at]);
      }
    }
    if (!parts.ok()) return false;
    const PieceType wanted = visit(id++, text, type);
    if (type_at > 0) model[type_at] = static_cast<char>(wanted);
  }
  return fields.ok();
}

}  // namespace plelab
