// The serialised form of a sentencepiece model (sentencepiece_model.proto, protocol buffers' wire format), as
// far as this project writes it itself or changes it: the list of pieces.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace plelab {

// ModelProto.SentencePiece.Type.
enum class PieceType : uint8_t {
  kNormal = 1,
  kUnknown = 2,
  kControl = 3,      // never found in a text
  kUserDefined = 4,  // found in a text before any merge
  kUnused = 5,
  kByte = 6
};

struct VocabularyPiece {
  std::string text;  // never empty
  float score = 0;   // of two merges the one whose piece has the higher score comes first
  PieceType type = PieceType::kNormal;
};

// A BPE model with these pieces, by id.  It has byte fallback, changes nothing in a text but spaces to ▁, and
// puts no space in front of it: Gemma's settings.
std::string WriteSentencePieceModel(std::span<const VocabularyPiece> pieces);

// Calls visit(id, text, type) for each piece, in the order of ids, and stores what it returns as the piece's
// type.  Returns false where `model` is not in the wire format; then it may have been changed in part.
bool RetypePieces(std::string& model,
                  const std::function<PieceType(int64_t id, std::string_view text, PieceType type)>& visit);

}  // namespace plelab
