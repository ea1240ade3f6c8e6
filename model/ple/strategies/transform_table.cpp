#include "model/ple/strategies/transform_table.h"

#include <numeric>
#include <utility>

#include "model/ple/enum_rows.h"
#include "model/ple/strategies/make_source.h"
#include "model/ple/strategies/option_forms.h"
#include "model/ple/transforms/codebook_rows.h"
#include "model/ple/transforms/fixed_rows.h"
#include "model/ple/transforms/integer_rows.h"
#include "model/ple/transforms/low_rank_rows.h"
#include "model/ple/transforms/other_tokens.h"
#include "model/ple/transforms/random_rows.h"
#include "model/ple/transforms/zero_soft.h"

namespace plelab {
namespace {

using Source = std::unique_ptr<PleSource>;
using Change = std::unique_ptr<RowTransform>;

// Returns the maker of a transform that changes the values of rows; `change` makes its RowTransform.
template <class F>
auto Changing(F change) {
  return [=](Source source, const PleOptions& options, const PleTable& table,
             const PleSourceContext& context) -> Source {
    return std::make_unique<TransformedPle>(std::move(source), change(options, table, context));
  };
}

// A scan of the table as stored in its file, for transforms that are fitted to it.
TableScan ScanOf(const PleTable& table, const PleSourceContext& context) {
  return {table, OpenTable(table, {}, context)};
}

const std::vector<int64_t>& LayersOf(const PleOptions& options) {
  return options.Get<FixedRowsOptions>().layers;
}

void CheckLayers(const PleOptions& options, const PleGeometry& geometry) {
  const std::vector<int64_t>& layers = LayersOf(options);
  if (layers.empty() || layers.back() < geometry.layers) return;
  throw UserError("'transform: {}' names layer {} in 'layers'; the PLE table has layers 0 to {}",
                  Name(options.transform), layers.back(), geometry.layers - 1);
}

void CheckRank(const PleOptions& options, const PleGeometry& geometry) {
  const int64_t rank = options.Get<LowRankOptions>().rank;
  if (rank <= geometry.dim) return;
  throw UserError("'transform: {}' asks 'rank' {}; rows of the PLE table are {} wide in each layer",
                  Name(options.transform), rank, geometry.dim);
}

void CheckEntries(const PleOptions& options, const PleGeometry& geometry) {
  const int64_t entries = options.Get<CodebookOptions>().entries;
  const int64_t most = std::min(geometry.vocab, CodebookRows::kMostFitRows);
  if (entries <= most) return;
  throw UserError("'transform: {}' asks {} 'entries'; a book of this PLE table has at most {}",
                  Name(options.transform), entries, most);
}

// Bytes of a table whose chosen layers keep kRowsKept rows each.
template <int64_t kRowsKept>
int64_t FixedBytes(const PleOptions& options, const PleGeometry& geometry) {
  return FixedRows::Bytes(geometry, std::ssize(LayersOf(options)), kRowsKept);
}

Change MakeShared(const PleOptions&, const PleTable& table, const PleSourceContext& context) {
  std::vector<int64_t> layers(table.geometry.layers);
  std::iota(layers.begin(), layers.end(), 0);
  return FixedRows::Mean(ScanOf(table, context), layers);
}

template <int64_t kBits>
Change MakeInteger(const PleOptions& options, const PleTable& table, const PleSourceContext&) {
  return std::make_unique<IntegerRows>(table.geometry.dim, kBits, options.Get<IntegerOptions>().group);
}

template <int64_t kBits>
int64_t IntegerBytes(const PleOptions& options, const PleGeometry& geometry) {
  return IntegerRows::Bytes(geometry, kBits, options.Get<IntegerOptions>().group);
}

Change MakeCodebook(const PleOptions& options, const PleTable& table, const PleSourceContext& context) {
  const auto& own = options.Get<CodebookOptions>();
  return std::make_unique<CodebookRows>(ScanOf(table, context), own.entries, own.seed);
}

constexpr int64_t kMost = 1 << 20;

// The options that several transforms share.
PleOption Layers() {
  return PleOption("layers", &FixedRowsOptions::layers, LayerSet{}, "layers, counted from 0: 5, 0-3 or 0-3+7")
      .Required();
}

PleOption Group() {
  return {"group", &IntegerOptions::group, WholeNumber{1, kMost},
          "number of values that share a scale: 32 (default)"};
}

template <class Struct>
PleOption Seed() {
  return {"seed", &Struct::seed, WholeNumber{0, int64_t{1} << 62},
          "seed of what is drawn at random: 0 (default)"};
}

}  // namespace

// One row per transform.  The function is as long as there are transforms, so that all of them stand in one
// place.
std::span<const TransformRow> Transforms() {
  static const TransformRow rows[] = {
      {.transform = PleTransform::kNone, .name = "none", .help = "rows as they are", .keeps_values = true},
      {.transform = PleTransform::kZeroLayers,
       .name = "zero_layers",
       .help = "rows of some layers are 0, the projected half of their input stays",
       .options = {Layers()},
       .check = CheckLayers,
       .table_bytes = FixedBytes<0>,
       .make = Changing([](const PleOptions& options, const PleTable& table, const PleSourceContext&) {
         return FixedRows::Zero(table.geometry, LayersOf(options));
       })},
      {.transform = PleTransform::kMeanLayers,
       .name = "mean_layers",
       .help = "rows of some layers are the layer's mean row",
       .options = {Layers()},
       .check = CheckLayers,
       .table_bytes = FixedBytes<1>,
       .make =
           Changing([](const PleOptions& options, const PleTable& table, const PleSourceContext& context) {
             return FixedRows::Mean(ScanOf(table, context), LayersOf(options));
           })},
      {.transform = PleTransform::kShuffled,
       .name = "shuffled",
       .help = "each token has the row of another token, always the same one",
       .options = {Seed<ShuffledOptions>()},
       .keeps_values = true,
       .make =
           [](Source source, const PleOptions& options, const PleTable&, const PleSourceContext&) {
             return std::make_unique<ShuffledPle>(std::move(source), options.Get<ShuffledOptions>().seed);
           }},
      {.transform = PleTransform::kPrevious,
       .name = "previous",
       .help = "each token has the row of the token before it",
       .looks_back = true,
       .keeps_values = true,
       .make = [](Source source, const PleOptions&, const PleTable&,
                  const PleSourceContext&) { return std::make_unique<PreviousPle>(std::move(source)); }},
      {.transform = PleTransform::kRandom,
       .name = "random",
       .help = "random rows of the same norm",
       .options = {Seed<RandomRowsOptions>()},
       .table_bytes = [](const PleOptions&, const PleGeometry& g) { return RandomRows::Bytes(g); },
       .make = Changing([](const PleOptions& options, const PleTable& table, const PleSourceContext&) {
         return std::make_unique<RandomRows>(table.geometry.dim, options.Get<RandomRowsOptions>().seed);
       })},
      {.transform = PleTransform::kShared,
       .name = "shared",
       .help = "one row for all tokens: the mean row of each layer",
       .table_bytes = [](const PleOptions&,
                         const PleGeometry& g) { return FixedRows::Bytes(g, g.layers, 1); },
       .make = Changing(MakeShared)},
      {.transform = PleTransform::kLowRank,
       .name = "low_rank",
       .help = "truncated singular value decomposition of each layer",
       .options = {PleOption("rank", &LowRankOptions::rank, WholeNumber{1, kMost},
                             "number of directions kept in each layer, at most the width of its rows")
                       .Required()},
       .check = CheckRank,
       .table_bytes =
           [](const PleOptions& options, const PleGeometry& g) {
             return LowRankRows::Bytes(g, options.Get<LowRankOptions>().rank);
           },
       .make =
           Changing([](const PleOptions& options, const PleTable& table, const PleSourceContext& context) {
             return std::make_unique<LowRankRows>(ScanOf(table, context), options.Get<LowRankOptions>().rank);
           })},
      {.transform = PleTransform::kInt8,
       .name = "int8",
       .help = "values in 8 bits, a scale per group",
       .options = {Group()},
       .table_bytes = IntegerBytes<8>,
       .make = Changing(MakeInteger<8>)},
      {.transform = PleTransform::kInt4,
       .name = "int4",
       .help = "values in 4 bits, a scale per group",
       .options = {Group()},
       .table_bytes = IntegerBytes<4>,
       .make = Changing(MakeInteger<4>)},
      {.transform = PleTransform::kCodebook,
       .name = "codebook",
       .help = "each layer's rows from a codebook of few entries (k-means)",
       .options = {PleOption("entries", &CodebookOptions::entries, WholeNumber{2, kMost},
                             "number of rows in each layer's codebook, such as 256")
                       .Required(),
                   Seed<CodebookOptions>()},
       .check = CheckEntries,
       .table_bytes =
           [](const PleOptions& options, const PleGeometry& g) {
             return CodebookRows::Bytes(g, options.Get<CodebookOptions>().entries);
           },
       .make = Changing(MakeCodebook)},
      {.transform = PleTransform::kZeroSoft,
       .name = "zero_soft",
       .help = "row 0, which images and audio read, is 0; text keeps its rows",
       .make = Changing([](const PleOptions&, const PleTable&, const PleSourceContext&) {
         return std::make_unique<ZeroSoftRow>();
       })},
  };
  static_assert(HasRowForEach<PleTransform>(rows));
  return rows;
}

const TransformRow& RowOf(PleTransform transform) {
  return FindRow(Transforms(), &TransformRow::transform, transform);
}

}  // namespace plelab
