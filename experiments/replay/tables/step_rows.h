// Which rows each step of a recorded text reads.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "experiments/replay/tables/geometries.h"

namespace plelab {

// Rows by group of the geometry, as ids for PleSource::Begin: [groups][rows_per_token].
using StepRows = std::vector<std::vector<int64_t>>;

// The rows of the token at `position` of a recorded text, whose positions wrap around the end.
//
// kTokenId: row `id`, row 0 for ids outside the published vocabulary; of a table that was cut, row `id`
// modulo the rows that are left.  With n rows per token, n texts are read side by side, as a batch of n users
// would: the same text from n starts, 1/n of its length apart. kNgramHash: the first half of the rows hash
// the last two ids, the others the last three, each with another seed.  At the start of the text the ids
// before it are 0. published_rows: those of the table before it was cut.  REQUIRES a text of at least one id.
StepRows RowsOfStep(const ReplayGeometry& geometry, int64_t published_rows, std::span<const int64_t> text,
                    int64_t position);

}  // namespace plelab
