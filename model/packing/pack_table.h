// Writes a table in another form, layout or order (checkpoint/packed_table.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/checkpoint/packed_table.h"
#include "model/io/random_access_file.h"
#include "model/ple/ple_table.h"

namespace plelab {

// A table, and what opens the bytes of its rows.
struct TableToPack {
  PleTable table;
  // nullptr: the file at table.path.
  std::function<std::unique_ptr<RandomAccessFile>()> open = nullptr;

  std::unique_ptr<RandomAccessFile> Open() const {
    return open ? open() : OpenRandomAccessFile(table.path, {});
  }
};

using PackProgress = std::function<void(int64_t done_bytes, int64_t total_bytes)>;

// The rows of a table in the order of how often `ids` ask for them, the most frequent first, each once; rows
// that are not asked for follow in the order of the table.  Rows that are asked for often then share
// pages. Returns place_of_row [vocab].
std::vector<int32_t> PlacesByFrequency(std::span<const int64_t> ids, int64_t vocab);

// Packs `from` into the file at `path`.  description.geometry and its `reordered` are set by this function.
// place_of_row: [vocab], or empty for the table's own order.  Each value is read as float32 and stored as the
// codec of the format does, or is copied where the format is the table's own.  Codebooks are fitted with seed
// 0. Throws UserError when the format does not fit the table, RunError when reading or writing fails.
void PackTable(const TableToPack& from, PackedDescription description, std::span<const int32_t> place_of_row,
               const std::string& path, const PackProgress& progress);

}  // namespace plelab
