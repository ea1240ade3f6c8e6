#include "model/ple/ple_table.h"

#include "model/base/error.h"
#include "model/io/rounding.h"

namespace plelab {

std::vector<int64_t> PleRowsOfIds(std::span<const int64_t> ids, int64_t vocab) {
  std::vector<int64_t> rows;
  rows.reserve(ids.size());
  for (const int64_t id : ids) rows.push_back(PleRowOfId(id, vocab));
  return rows;
}

int64_t PleTable::part_stride() const { return RoundUp(part_bytes(), layout.part_alignment); }

int64_t PleTable::index_bytes() const {
  const int64_t places = layout.place_of_row ? std::ssize(*layout.place_of_row) : 0;
  return places * static_cast<int64_t>(sizeof(int32_t)) + (codec ? codec->index_bytes() : 0);
}

std::vector<ReadRange> PleTable::RangesOf(int64_t row) const {
  std::vector<ReadRange> ranges;
  for (int64_t part = 0; part < parts(); ++part) {
    ranges.push_back({OffsetOf(PlaceOf(row), part), part_bytes()});
  }
  return ranges;
}

ReadRange PleTable::RangeOf(int64_t row, int64_t layer) const {
  const int64_t part = layer / layers_per_part();
  return {OffsetOf(PlaceOf(row), part) + layer % layers_per_part() * slice_bytes(), slice_bytes()};
}

void CheckPleLayer(const PleGeometry& geometry, int64_t layer) {
  if (layer >= 0 && layer < geometry.layers) return;
  throw RunError("PLE rows of layer {} asked; the table has layers 0 to {}", layer, geometry.layers - 1);
}

}  // namespace plelab
