#include "model/checkpoint/weights_identity.h"

#include <algorithm>
#include <map>
#include <vector>

#include "model/base/format.h"
#include "model/base/sha256.h"

namespace plelab {
namespace {

constexpr int64_t kPieceBytes = 64;

// Hashes pieces of tensors, and keeps their files open meanwhile.
class PieceHasher {
 public:
  void Describe(const TensorInfo& info) {
    hash_.Update(Format(" {} {} [{}]", info.name, Name(info.dtype), Join(info.shape, ", ")));
  }
  // `pieces` of them, spread evenly, with the first and the last.
  void AddPieces(const TensorInfo& info, int64_t pieces) {
    const FileDescriptor& file = files_.try_emplace(info.file, info.file, ReadAhead::kOff).first->second;
    piece_.resize(static_cast<size_t>(std::min(kPieceBytes, info.size_bytes)));
    for (int64_t i = 0; i < pieces; ++i) {
      const int64_t offset = (info.size_bytes - std::ssize(piece_)) / (pieces - 1) * i;
      file.Read(info.offset_bytes + (i == pieces - 1 ? info.size_bytes - std::ssize(piece_) : offset),
                piece_);
      hash_.Update(piece_);
    }
  }
  Sha256& hash() { return hash_; }

 private:
  Sha256 hash_;
  std::map<std::string, FileDescriptor> files_;
  std::vector<std::byte> piece_;
};

}  // namespace

std::string WeightsIdentity(const Checkpoint& checkpoint, PackedKind kind) {
  constexpr int64_t kEnds = 2, kSample = 64;
  PieceHasher pieces;
  pieces.hash().Update(checkpoint.config_text());
  for (const auto& [name, info] : checkpoint.tensors()) {
    const bool is_table = name == checkpoint.ple_tensor();
    if (is_table && kind == PackedKind::kRows) continue;
    pieces.Describe(info);
    pieces.AddPieces(info, is_table ? kSample : kEnds);
  }
  return pieces.hash().Hex();
}

}  // namespace plelab
