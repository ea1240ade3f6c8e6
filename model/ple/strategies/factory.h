// Makes PLE sources from options, with the tables of strategies and transforms.
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
    std::function<std::unique_ptr<RandomAccessFile>(const std::string& path, const IoOptions& options)>;

// What a source needs besides its options and its table.
struct PleSourceContext {
  // The ids that warm a cache with `initial: warmed`, in this order; stats() does not count them.
  std::span<const int64_t> warm_ids;
  FileOpener open = OpenRandomAccessFile;  // tests substitute a fake file
};

// How many bytes a source will hold in RAM and leave on storage, known before it is made.
struct PleFootprint {
  // RAM for rows: that of the whole table, that of the whole rows which fit into a cache, or 0.
  int64_t fast_bytes = 0;
  // Rows that stay on storage: the whole table, or 0 when rows are never read from it.
  int64_t file_bytes = 0;
  // The size that the whole table would have if it were stored in the form that the transform gives it (for
  // low_rank its factors, for int8 integers and scales, …).  The transforms here are applied to rows of the
  // original table, so fast_bytes and file_bytes do not shrink.
  int64_t table_bytes = 0;
  int64_t helper_threads = 0;  // PleSource::threads() of the source
};
// Throws UserError for a transform that does not fit the table, such as one that names a layer or a rank that
// the table does not have.
PleFootprint FootprintOf(const PleOptions& options, const PleTable& table);

// Why a source of these options cannot be made on this machine whatever the table, such as io_uring that is
// forbidden; empty where it can.
std::string WhyUnavailable(const PleOptions& options);

// Throws UserError when the source cannot be made on this machine, when the table does not fit its file or
// the transform does not fit the table, and RunError when a read fails or when table.folded is missing for
// `folded`.
std::unique_ptr<PleSource> MakePleSource(const PleOptions& options, const PleTable& table,
                                         const PleSourceContext& context = {});

}  // namespace plelab
