#include "model/ple/factory.h"

#include <limits>
#include <utility>

#include "model/io/error.h"
#include "model/ple/cached_ple.h"
#include "model/ple/disk_ple.h"
#include "model/ple/dropped_ple.h"
#include "model/ple/resident_ple.h"
#include "model/ple/timed_ple.h"

// A new strategy must not be forgotten here.
#pragma GCC diagnostic error "-Wswitch"

namespace plelab {
namespace {

void CheckGeometry(const PleTable& table) {
  const PleGeometry& g = table.geometry;
  const bool positive = g.vocab > 0 && g.layers > 0 && g.dim > 0 && table.offset_bytes >= 0;
  // LruRows and RowReader count rows in 32 bits.
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  const bool fits =
      g.vocab <= kMost && g.layers <= kMost && g.dim <= kMost &&
      static_cast<double>(g.vocab) * static_cast<double>(g.layers) * static_cast<double>(g.dim) < 1e18;
  if (positive && fits) return;
  throw UserError("{}: PLE table [{}, {} x {}] at offset {}: expected positive sizes below 2^31", table.path,
                  g.vocab, g.layers, g.dim, table.offset_bytes);
}

std::unique_ptr<RandomAccessFile> OpenTable(const PleTable& table, IoBackend backend,
                                            const PleSourceContext& context) {
  auto file = context.open(table.path, backend);
  const int64_t end = table.offset_bytes + table.geometry.table_bytes();
  if (file->size_bytes() < end) {
    throw UserError("{}: the PLE table takes bytes {} to {}, the file has {}: is the download complete?",
                    table.path, table.offset_bytes, end, file->size_bytes());
  }
  return file;
}

std::unique_ptr<PleSource> MakeUntimed(const PleOptions& options, const PleTable& table,
                                       const PleSourceContext& context);

std::unique_ptr<PleSource> MakeCached(const PleOptions& options, const PleTable& table,
                                      const PleSourceContext& context) {
  auto over = MakeUntimed(PleOptionsBelow(options), table, context);
  const bool warmed = options.initial == CacheStart::kWarmed;
  return std::make_unique<CachedPle>(std::move(over), options.capacity.Resolve(table.geometry.table_bytes()),
                                     warmed ? context.warm_ids : std::span<const int64_t>());
}

std::unique_ptr<PleSource> MakeUntimed(const PleOptions& options, const PleTable& table,
                                       const PleSourceContext& context) {
  switch (options.strategy) {
    case PleStrategy::kResident:
      return std::make_unique<ResidentPle>(table.geometry, *OpenTable(table, IoBackend::kPread, context),
                                           table.offset_bytes, options.pages);
    case PleStrategy::kCached:
      return MakeCached(options, table, context);
    case PleStrategy::kDisk:
      return std::make_unique<DiskPle>(table.geometry, OpenTable(table, options.backend, context),
                                       table.offset_bytes, options.prefetch);
    case PleStrategy::kDropped:
      return std::make_unique<DroppedPle>(table.geometry, options.mode);
  }
  throw RunError("a strategy without a source");
}

}  // namespace

PleFootprint FootprintOf(const PleOptions& options, const PleGeometry& geometry) {
  switch (options.strategy) {
    case PleStrategy::kResident:
      return {.fast_bytes = geometry.table_bytes(), .file_bytes = 0};
    case PleStrategy::kCached: {
      PleFootprint footprint = FootprintOf(PleOptionsBelow(options), geometry);
      footprint.fast_bytes +=
          CachedPle::FastBytes(geometry, options.capacity.Resolve(geometry.table_bytes()));
      return footprint;
    }
    case PleStrategy::kDisk:
      return {.fast_bytes = 0, .file_bytes = geometry.table_bytes()};
    case PleStrategy::kDropped:
      return {};
  }
  throw RunError("a strategy without a footprint");
}

std::unique_ptr<PleSource> MakePleSource(const PleOptions& options, const PleTable& table,
                                         const PleSourceContext& context) {
  CheckPleOptions(options, {});
  CheckGeometry(table);
  return MakeTimedPle(MakeUntimed(options, table, context));
}

}  // namespace plelab
