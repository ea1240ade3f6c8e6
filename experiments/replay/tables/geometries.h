// The tables that can be replayed without having them: how many rows, how long, and which a token reads.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/ple/ple_table.h"

namespace plelab {

// How a token finds its rows.
enum class RowsOf {
  kTokenId,   // one row: that of the token's id
  kNgramHash  // several: hashes of the last two and of the last three ids
};

// Rows that are asked for together and needed at the same moment of a step.
struct RowGroup {
  int64_t first_row = 0;
  int64_t rows = 0;
  int64_t rows_per_token = 1;
  // The layer of the model at whose end the rows are first needed.  A table whose rows have a slice for each
  // layer of the model is asked for slice l at the end of layer l.
  int64_t needed_after_layer = 0;
};

struct ReplayGeometry {
  std::string name;
  PleGeometry table;  // rows, layers · dim and dtype as stored; vocab is the sum over groups
  RowsOf rows_of = RowsOf::kTokenId;
  std::vector<RowGroup> groups;
  int64_t model_layers = 0;  // the stand-in divides a step into so many equal parts
  std::string_view source;   // where the figures come from
  std::string_view assumed;  // what is not published and was assumed; empty: nothing

  int64_t rows_per_token() const;
  // What the whole table takes in its file.
  int64_t bytes() const { return table.table_bytes(); }
};

// In the order in which users see them.
std::span<const ReplayGeometry> KnownGeometries();
// Throws UserError naming the known ones.
const ReplayGeometry& GeometryNamed(std::string_view name);

// The same with fewer rows, each group by the same share, so that the table takes at most `most_bytes`; as it
// is when it does already.  Throws UserError when not even one row of each group would be left.
ReplayGeometry CutTo(const ReplayGeometry& geometry, int64_t most_bytes);
// The same with another number of rows for each token, over all groups.  Throws UserError unless it can be
// divided evenly among the groups.
ReplayGeometry WithRowsPerToken(const ReplayGeometry& geometry, int64_t rows_per_token);

}  // namespace plelab
