// A file in which `plelab pack` keeps a table in another form, layout or order than the published one.
//
// It is a safetensors file.  `rows` uint8 [bytes] comes first, at a multiple of 4 KiB; `sha256` uint8
// [blocks, 32] has the hash of each mebibyte of each part; `place_of_row` int32 [vocab] and `codebooks`
// [layers, entries, dim] are there where they are needed.  Its metadata hold a description as JSON, the
// description's hash, and the identity of the weights that it was made from.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "model/checkpoint/safetensors.h"
#include "model/ple/formats/row_format.h"
#include "model/ple/ple_table.h"

namespace plelab {

enum class PackedKind {
  kRows,   // of the PLE table
  kFolded  // finished per-layer inputs, for the strategy `folded`
};
// The name of such a file in the folder of a checkpoint.
std::string PackedFileName(PackedKind kind);

// What the metadata say.
struct PackedDescription {
  PackedKind kind = PackedKind::kRows;
  PleGeometry geometry;  // of the rows as sources return them
  RowFormat format;
  TableOrder order = TableOrder::kTokenMajor;
  int64_t part_alignment = 1;
  bool is_reordered = false;  // rows are in the order of `place_of_row`
  std::string made_from;      // WeightsIdentity
  std::string weights;        // Checkpoint::weights_label
};

// The table of a description, without a path, books or order, from which sizes follow.
PleTable ShapeOf(const PackedDescription& description);
// The tensors of the file at `path`, in their order, and its metadata.
std::vector<TensorInfo> PackedTensors(const PackedDescription& description, const std::string& path);
std::map<std::string, std::string> PackedMetadata(const PackedDescription& description);

// Whether there is a file of this name that `plelab pack` began to write, whole or damaged behind its header.
bool IsPackedTable(const std::string& path);

// Opens the file.  Throws UserError naming the file, what was expected and what was found when it is damaged,
// when it is of another kind or shape, or when it was made from other weights than `made_from`.
// made_from: WeightsIdentity for this kind.  expected: the shape; its dtype is not looked at.
PleTable OpenPackedTable(const std::string& path, PackedKind kind, const std::string& made_from,
                         const PleGeometry& expected, TableCheck check = TableCheck::kSampled);

}  // namespace plelab
