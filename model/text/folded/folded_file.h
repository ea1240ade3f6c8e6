// The file in which finished per-layer inputs are kept (folded_table.h).
//
// A safetensors file of two tensors: `ple_folded` [ids, layers · ple_dim] float32, one contiguous run per id
// as in the published table, and `sha256` [blocks, 32] uint8, the hash of each MiB of `ple_folded` (the last
// block may be shorter).  Its metadata name the weights that it was made from.  Without the hashes a file
// that was cut or mixed from two writers, under a header that is right, would answer wrongly.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "model/base/output_file.h"
#include "model/checkpoint/block_hashes.h"
#include "model/ple/ple_table.h"

namespace plelab {

// Looks for the file at table.path with a table of table.geometry.  If it was made from `made_from` and its
// hashes are right, sets table.offset_bytes and returns true.  Returns false for any other file, a damaged
// one included, and for none.
bool FindFolded(PleTable& table, const std::string& made_from, TableCheck check);

// True for a file that FoldedWriter made, from whatever weights; false for any other, and for one that was
// cut.
bool IsFoldedFile(const std::string& path);

// Writes such a file.
class FoldedWriter {
 public:
  // `weights_label` is Checkpoint::weights_label.  Throws as OutputFile.
  FoldedWriter(const PleTable& table, const std::string& made_from, const std::string& weights_label);
  // Adds the next rows.
  void Append(std::span<const std::byte> rows);
  // Adds the hashes and gives the file its name.  All rows must have been appended; throws RunError
  // otherwise.
  void Commit();

 private:
  OutputFile file_;
  int64_t table_bytes_, end_bytes_, written_ = 0;  // begin of the next rows, in the file; rows so far
  BlockHasher hasher_;
};

}  // namespace plelab
