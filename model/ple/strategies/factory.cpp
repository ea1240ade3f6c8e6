#include "model/ple/strategies/factory.h"

#include <limits>
#include <utility>

#include "model/base/error.h"
#include "model/ple/sources/timed_ple.h"
#include "model/ple/strategies/make_source.h"
#include "model/ple/strategies/strategy_table.h"
#include "model/ple/strategies/transform_table.h"

namespace plelab {
namespace {

void CheckGeometry(const PleTable& table) {
  const PleGeometry& g = table.geometry;
  const bool positive = g.vocab > 0 && g.layers > 0 && g.dim > 0 && table.offset_bytes >= 0;
  // Row caches and RowReader number rows in 32 bits.
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  const bool fits =
      g.vocab <= kMost && g.layers <= kMost && g.dim <= kMost &&
      static_cast<double>(g.vocab) * static_cast<double>(g.layers) * static_cast<double>(g.dim) < 1e18;
  if (positive && fits) return;
  throw UserError("{}: PLE table [{}, {} x {}] at offset {}: expected positive sizes below 2^31", table.path,
                  g.vocab, g.layers, g.dim, table.offset_bytes);
}

void CheckFits(const PleOptions& options, const PleGeometry& geometry) {
  const TransformRow& row = RowOf(options.transform);
  if (row.make != nullptr && !IsFloat(geometry.dtype)) {
    throw UserError("'transform: {}' changes rows in float32, bfloat16 or float16; the PLE table is in {}",
                    row.name, Name(geometry.dtype));
  }
  if (row.check != nullptr) row.check(options, geometry);
}

}  // namespace

std::unique_ptr<RandomAccessFile> OpenTable(const PleTable& table, const IoOptions& options,
                                            const PleSourceContext& context) {
  auto file = context.open(table.path, options);
  const int64_t end = table.offset_bytes + table.stored_bytes();
  if (file->size_bytes() < end) {
    throw UserError("{}: the PLE table takes bytes {} to {}, the file has {}: is the download complete?",
                    table.path, table.offset_bytes, end, file->size_bytes());
  }
  return file;
}

std::unique_ptr<PleSource> MakeUntimed(const PleOptions& options, const PleTable& table,
                                       const PleSourceContext& context) {
  CheckFits(options, table.geometry);
  auto source = RowOf(options.strategy).make(options, table, context);
  const TransformRow& transform = RowOf(options.transform);
  return transform.make == nullptr ? std::move(source)
                                   : transform.make(std::move(source), options, table, context);
}

std::string WhyUnavailable(const PleOptions& options) {
  const StrategyRow& row = RowOf(options.strategy);
  if (row.why_unavailable != nullptr) return row.why_unavailable(options);
  return row.has_over ? WhyUnavailable(PleOptionsBelow(options)) : "";
}

PleFootprint FootprintOf(const PleOptions& options, const PleTable& table) {
  CheckFits(options, table.geometry);
  PleFootprint footprint = RowOf(options.strategy).footprint(options, table);
  const TransformRow& transform = RowOf(options.transform);
  if (transform.table_bytes != nullptr)
    footprint.table_bytes = transform.table_bytes(options, table.geometry);
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
