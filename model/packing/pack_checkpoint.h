// A checkpoint's folder with its PLE table in another form: what `plelab pack` writes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/checkpoint/checkpoint.h"
#include "model/packing/pack_table.h"

namespace plelab {

struct PackOptions {
  RowFormat format = {};
  TableOrder order = TableOrder::kTokenMajor;
  int64_t part_alignment = 1;              // 4096: parts begin at pages
  std::vector<int64_t> order_by_ids = {};  // not empty: rows in the order of how often these ids ask for them
  // Finished per-layer inputs to be packed, for the strategy `folded`; the table itself then stays as
  // published.  nullptr: the table is packed.
  const PleTable* folded = nullptr;
  bool force = false;  // replace a checkpoint that is there
  PackProgress progress = nullptr;
};

// Writes `folder`: config.json, the vocabulary and what else belongs to the checkpoint, model.safetensors
// with every tensor but the packed table, and the packed table.  Half a folder is removed again.  Throws
// UserError when the folder has a checkpoint (without force), when the table is packed already, or when the
// disk is too small, and RunError when reading or writing fails.
void PackCheckpoint(const Checkpoint& checkpoint, const std::string& folder, const PackOptions& options);

}  // namespace plelab
