// The table that a replay reads: a file that the user has, or one of random bytes.
#pragma once

#include <functional>
#include <string>

#include "experiments/replay/replay_options.h"
#include "experiments/replay/tables/geometries.h"
#include "model/ple/ple_table.h"

namespace plelab {

struct ReplayTable {
  ReplayGeometry geometry = {};  // what is in the file
  int64_t published_rows = 0;    // before it was cut
  PleTable table = {};
  bool random_bytes = false;     // the file is ours
  std::string cut_because = {};  // why it has fewer rows than the geometry; empty: it has all
  // One line: what it is, how large, where, and of what it was cut.
  std::string Describe() const;
};

// Finds embed_tokens_per_layer.weight in a safetensors file; any other file is read as rows of the geometry
// that the options name, from --table-offset on.  Throws UserError naming the file: no such tensor, no whole
// row, holes that a device answers from nothing.
ReplayTable TableOfFile(const ReplayOptions& options);

// Makes (or reuses) the file of random bytes for a geometry, as large as --size, the disk and `most_seconds`
// of writing allow (0: no limit of time).  progress(bytes in the file, bytes wanted).
ReplayTable TableOfGeometry(const ReplayOptions& options, const ReplayGeometry& geometry, double most_seconds,
                            const std::function<void(int64_t, int64_t)>& progress);

// Whether the table is compared with itself in RAM: as the options say, or with `auto` where it takes at most
// two fifths of the memory that is available.  Throws UserError when it was asked for and does not fit.
bool BaselineIsResident(const ReplayOptions& options, int64_t table_bytes, int64_t available_bytes);

}  // namespace plelab
