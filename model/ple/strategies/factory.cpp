#include "model/ple/strategies/factory.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "model/base/error.h"
#include "model/ple/sources/cached_ple.h"
#include "model/ple/sources/disk_ple.h"
#include "model/ple/sources/dropped_ple.h"
#include "model/ple/sources/folded_ple.h"
#include "model/ple/sources/resident_ple.h"
#include "model/ple/sources/timed_ple.h"
#include "model/ple/transforms/codebook_rows.h"
#include "model/ple/transforms/fixed_rows.h"
#include "model/ple/transforms/integer_rows.h"
#include "model/ple/transforms/low_rank_rows.h"
#include "model/ple/transforms/other_tokens.h"
#include "model/ple/transforms/random_rows.h"
#include "model/ple/transforms/row_values.h"
#include "model/ple/transforms/zero_soft.h"

// A new strategy or transform must not be forgotten here.
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

// Soft tokens are few, and read row 0: their rows come from disk, without a thread.
std::unique_ptr<PleSource> MakeFolded(const PleOptions& options, const PleTable& table,
                                      const PleSourceContext& context) {
  if (table.folded == nullptr) throw RunError("{}: no folded table was made of it", table.path);
  const PleOptions rows{.strategy = PleStrategy::kDisk, .prefetch = false};
  return std::make_unique<FoldedPle>(MakeUntimed(PleOptionsBelow(options), *table.folded, context),
                                     MakeUntimed(rows, table, context));
}

std::unique_ptr<PleSource> MakeStrategy(const PleOptions& options, const PleTable& table,
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
    case PleStrategy::kFolded:
      return MakeFolded(options, table, context);
  }
  throw RunError("a strategy without a source");
}

void CheckFits(const PleOptions& options, const PleGeometry& geometry) {
  const std::string_view name = Name(options.transform);
  if (options.transform == PleTransform::kNone) return;
  if (!HasRowValues(geometry.dtype)) {
    throw UserError("'transform: {}' changes rows in float32 or bfloat16; the PLE table is in {}", name,
                    Name(geometry.dtype));
  }
  if (!options.layers.empty() && options.layers.back() >= geometry.layers) {
    throw UserError("'transform: {}' names layer {} in 'layers'; the PLE table has layers 0 to {}", name,
                    options.layers.back(), geometry.layers - 1);
  }
  if (options.rank > geometry.dim) {
    throw UserError("'transform: {}' asks 'rank' {}; rows of the PLE table are {} wide in each layer", name,
                    options.rank, geometry.dim);
  }
  const int64_t most = std::min(geometry.vocab, CodebookRows::kMostFitRows);
  if (options.entries > most) {
    throw UserError("'transform: {}' asks {} 'entries'; a book of this PLE table has at most {}", name,
                    options.entries, most);
  }
}

int64_t BitsOf(PleTransform transform) { return transform == PleTransform::kInt8 ? 8 : 4; }

std::vector<int64_t> EveryLayer(const PleGeometry& geometry) {
  std::vector<int64_t> layers(geometry.layers);
  std::iota(layers.begin(), layers.end(), 0);
  return layers;
}

// The table as its file has it: what a transform is fitted to.
TableScan ScanOf(const PleTable& table, const PleSourceContext& context) {
  return {table.geometry, OpenTable(table, IoBackend::kPread, context), table.offset_bytes};
}

std::unique_ptr<PleSource> MakeTransformed(std::unique_ptr<PleSource> source, const PleOptions& options,
                                           const PleTable& table, const PleSourceContext& context) {
  const PleGeometry& geometry = table.geometry;
  const auto with = [&](std::unique_ptr<RowTransform> transform) {
    return std::make_unique<TransformedPle>(std::move(source), std::move(transform));
  };
  switch (options.transform) {
    case PleTransform::kNone:
      return source;
    case PleTransform::kZeroLayers:
      return with(FixedRows::Zero(geometry, options.layers));
    case PleTransform::kMeanLayers:
      return with(FixedRows::Mean(ScanOf(table, context), options.layers));
    case PleTransform::kShuffled:
      return std::make_unique<ShuffledPle>(std::move(source), options.seed);
    case PleTransform::kPrevious:
      return std::make_unique<PreviousPle>(std::move(source));
    case PleTransform::kRandom:
      return with(std::make_unique<RandomRows>(geometry.dim, options.seed));
    case PleTransform::kShared:
      return with(FixedRows::Mean(ScanOf(table, context), EveryLayer(geometry)));
    case PleTransform::kLowRank:
      return with(std::make_unique<LowRankRows>(ScanOf(table, context), options.rank));
    case PleTransform::kInt8:
    case PleTransform::kInt4:
      return with(std::make_unique<IntegerRows>(geometry.dim, BitsOf(options.transform), options.group));
    case PleTransform::kCodebook:
      return with(std::make_unique<CodebookRows>(ScanOf(table, context), options.entries, options.seed));
    case PleTransform::kZeroSoft:
      return with(std::make_unique<ZeroSoftRow>());
  }
  throw RunError("a transform without a source");
}

std::unique_ptr<PleSource> MakeUntimed(const PleOptions& options, const PleTable& table,
                                       const PleSourceContext& context) {
  CheckFits(options, table.geometry);
  return MakeTransformed(MakeStrategy(options, table, context), options, table, context);
}

// `below`: what the table takes before the transform.
int64_t TransformedBytes(const PleOptions& options, const PleGeometry& geometry, int64_t below) {
  switch (options.transform) {
    case PleTransform::kNone:
    case PleTransform::kShuffled:
    case PleTransform::kPrevious:
    case PleTransform::kZeroSoft:
      return below;
    case PleTransform::kZeroLayers:
      return FixedRows::Bytes(geometry, std::ssize(options.layers), 0);
    case PleTransform::kMeanLayers:
      return FixedRows::Bytes(geometry, std::ssize(options.layers), 1);
    case PleTransform::kShared:
      return FixedRows::Bytes(geometry, geometry.layers, 1);
    case PleTransform::kRandom:
      return RandomRows::Bytes(geometry);
    case PleTransform::kLowRank:
      return LowRankRows::Bytes(geometry, options.rank);
    case PleTransform::kInt8:
    case PleTransform::kInt4:
      return IntegerRows::Bytes(geometry, BitsOf(options.transform), options.group);
    case PleTransform::kCodebook:
      return CodebookRows::Bytes(geometry, options.entries);
  }
  throw RunError("a transform without a form");
}

PleFootprint StrategyFootprint(const PleOptions& options, const PleGeometry& geometry) {
  const int64_t table = geometry.table_bytes();
  switch (options.strategy) {
    case PleStrategy::kResident:
      return {.fast_bytes = table, .file_bytes = 0, .table_bytes = table};
    case PleStrategy::kCached: {
      PleFootprint footprint = FootprintOf(PleOptionsBelow(options), geometry);
      footprint.fast_bytes += CachedPle::FastBytes(geometry, options.capacity.Resolve(table));
      return footprint;
    }
    case PleStrategy::kDisk:
      return {.fast_bytes = 0, .file_bytes = table, .table_bytes = table};
    case PleStrategy::kDropped:
      return {};
    case PleStrategy::kFolded:
      return FootprintOf(PleOptionsBelow(options), FoldedGeometry(geometry));
  }
  throw RunError("a strategy without a footprint");
}

}  // namespace

PleFootprint FootprintOf(const PleOptions& options, const PleGeometry& geometry) {
  CheckFits(options, geometry);
  PleFootprint footprint = StrategyFootprint(options, geometry);
  footprint.table_bytes = TransformedBytes(options, geometry, footprint.table_bytes);
  return footprint;
}

std::unique_ptr<PleSource> MakePleSource(const PleOptions& options, const PleTable& table,
                                         const PleSourceContext& context) {
  CheckPleOptions(options, {});
  CheckGeometry(table);
  if (table.folded != nullptr) CheckGeometry(*table.folded);
  return MakeTimedPle(MakeUntimed(options, table, context));
}

}  // namespace plelab
