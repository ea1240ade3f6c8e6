// The table of per-layer embeddings: its shape, and where each row lies in a file.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "model/base/dtype.h"
#include "model/io/random_access_file.h"
#include "model/ple/row_codec.h"

namespace plelab {

// Shape of the table `embed_tokens_per_layer.weight` [vocab, layers · dim], and the dtype in which sources
// return its rows.
struct PleGeometry {
  int64_t vocab = 0;   // vocab_size_per_layer_input
  int64_t layers = 0;  // num_hidden_layers
  int64_t dim = 0;     // hidden_size_per_layer_input
  DType dtype = DType::kBFloat16;
  int64_t row_bytes() const { return layers * dim * SizeOf(dtype); }
  int64_t table_bytes() const { return vocab * row_bytes(); }
  int64_t layer_bytes() const { return dim * SizeOf(dtype); }
};

// The row that an id reads.  Reference: Gemma3nTextModel.get_per_layer_inputs (transformers).
inline int64_t PleRowOfId(int64_t id, int64_t vocab) { return id >= 0 && id < vocab ? id : 0; }
std::vector<int64_t> PleRowsOfIds(std::span<const int64_t> ids, int64_t vocab);

enum class TableOrder {
  kTokenMajor,  // [vocab, layers, dim], as published: a row is one run of bytes
  kLayerMajor   // [layers, vocab, dim]: a row is one run for each layer, and layer 0 can be read first
};

// A part is a run of bytes of one row: the whole row in token-major order, one layer's slice in layer-major
// order.
struct TableLayout {
  TableOrder order = TableOrder::kTokenMajor;
  int64_t part_alignment = 1;  // parts begin at multiples of it, counted from the table's begin
  // [vocab]: row r is stored at place place_of_row[r].  nullptr: at place r.
  std::shared_ptr<const std::vector<int32_t>> place_of_row = nullptr;
};

// Where the table is stored.  As published, in a safetensors shard, all but the first three are defaults.
struct PleTable {
  std::string path;
  int64_t offset_bytes = 0;  // of the first place, from the start of the file
  PleGeometry geometry;
  // The table of finished per-layer inputs that was computed from this one, for `folded`; otherwise nullptr.
  std::shared_ptr<const PleTable> folded = nullptr;
  TableLayout layout = {};
  // nullptr: values are stored in the geometry's dtype.
  std::shared_ptr<const RowCodec> codec = nullptr;

  // Bytes of one layer's slice and of a whole row as they are stored, without what aligns them.
  int64_t slice_bytes() const { return codec ? codec->slice_bytes() : geometry.layer_bytes(); }
  int64_t row_bytes() const { return geometry.layers * slice_bytes(); }
  int64_t parts() const { return layout.order == TableOrder::kTokenMajor ? 1 : geometry.layers; }
  int64_t layers_per_part() const { return geometry.layers / parts(); }
  int64_t part_bytes() const { return layers_per_part() * slice_bytes(); }
  // From the begin of one row's part to that of its neighbour.
  int64_t part_stride() const;
  // Bytes of the whole table in its file.
  int64_t stored_bytes() const { return parts() * geometry.vocab * part_stride(); }
  // Bytes of RAM that reading it takes beside rows: the order of its rows, its codebooks.
  int64_t index_bytes() const;
  int64_t PlaceOf(int64_t row) const {
    return layout.place_of_row ? layout.place_of_row->at(static_cast<size_t>(row)) : row;
  }
  // The offset of a place's part in the file.
  int64_t OffsetOf(int64_t place, int64_t part) const {
    return offset_bytes + (part * geometry.vocab + place) * part_stride();
  }
  // Where a row lies: one range for each part.
  std::vector<ReadRange> RangesOf(int64_t row) const;
  // Where the slice of one layer of a row lies.
  ReadRange RangeOf(int64_t row, int64_t layer) const;
};

// The table that is read: the folded one where there is one, otherwise `table` itself.
inline const PleTable& TableRead(const PleTable& table) { return table.folded ? *table.folded : table; }

// How the hashes in a file that was written for rows are compared with the file when it is opened.
enum class TableCheck {
  kSampled,  // 64 MiB of it, spread evenly; a smaller file whole
  kFull      // all of it
};

// Throws RunError unless 0 ≤ layer < geometry.layers.
void CheckPleLayer(const PleGeometry& geometry, int64_t layer);

}  // namespace plelab
