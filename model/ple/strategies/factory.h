// From options to a source, by the tables of strategies and transforms.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "model/io/random_access_file.h"
#include "model/ple/ple_source.h"
#include "model/ple/strategies/ple_options.h"

namespace plelab {

using FileOpener =
    std::function<std::unique_ptr<RandomAccessFile>(const std::string& path, IoBackend backend)>;

struct PleSourceContext {
  // Read through a cache that starts `warmed`, in this order; not counted in stats().
  std::span<const int64_t> warm_ids;
  FileOpener open = OpenRandomAccessFile;  // a test's fake file
};

// What a source will hold and leave, known before it is made.
struct PleFootprint {
  int64_t fast_bytes = 0;  // RAM for rows: the whole table, a cache's budget, 0
  int64_t file_bytes = 0;  // rows that stay on storage: the whole table, or 0 where none is ever read from it
  // The whole table in the form that the transform gives it (low_rank: its factors, int8: integers and
  // scales, …), were it stored so.  Transforms here work on the table as it is: fast_bytes and file_bytes do
  // not shrink.
  int64_t table_bytes = 0;
};
// Throws UserError for a transform that does not fit the table: a layer or a rank that it does not have, …
PleFootprint FootprintOf(const PleOptions& options, const PleGeometry& geometry);

// Throws UserError for a table that does not fit its file or a transform that does not fit the table,
// RunError when reading it fails, or for `folded` where table.folded is missing.
std::unique_ptr<PleSource> MakePleSource(const PleOptions& options, const PleTable& table,
                                         const PleSourceContext& context = {});

}  // namespace plelab
