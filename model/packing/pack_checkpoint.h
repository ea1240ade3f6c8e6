// A checkpoint's folder with its PLE table or its weights in another form: what `plelab pack` writes.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "model/base/output_file.h"
#include "model/checkpoint/checkpoint.h"
#include "model/packing/pack_table.h"

namespace plelab {

// How tensors are stored that are not copied.
struct TensorEncoding {
  // The tensors (name, dtype, shape) that take the place of a published one; none: it is copied.
  std::function<std::vector<TensorInfo>(const TensorInfo& published)> stored_as;
  // Writes them to their places in the file, and tells `progress` of the bytes that each call has written.
  std::function<void(const TensorInfo& published, std::span<const TensorInfo> places, OutputFile& file,
                     const PackProgress& progress)>
      write;
};

struct PackOptions {
  bool table = true;  // pack the table; false: it stays as published
  RowFormat format = {};
  TableOrder order = TableOrder::kTokenMajor;
  int64_t part_alignment = 1;              // 4096: parts begin at pages
  std::vector<int64_t> order_by_ids = {};  // not empty: rows in the order of how often these ids ask for them
  // Finished per-layer inputs to be packed, for the strategy `folded`; the table itself then stays as
  // published.  nullptr: the table is packed.
  const TableToPack* folded = nullptr;
  // Of the other tensors; nullptr: they are copied.
  const TensorEncoding* weights = nullptr;
  bool force = false;  // replace a checkpoint that is there
  PackProgress progress = nullptr;
};

// Writes `folder`: config.json, the vocabulary and what else belongs to the checkpoint, model.safetensors
// with every tensor but the packed table, and the packed table.  Half a folder is removed again.  Throws
// UserError when the folder has a checkpoint (without force), when the table is packed already, when table
// and weights are to be packed at once (a packed table belongs to the weights beside it), or when the disk is
// too small, and RunError when reading or writing fails.
void PackCheckpoint(const Checkpoint& checkpoint, const std::string& folder, const PackOptions& options);

}  // namespace plelab
