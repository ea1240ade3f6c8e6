#include "model/ple/strategies/strategy_table.h"

#include "model/ple/enum_rows.h"
#include "model/ple/policies/cache_policies.h"
#include "model/ple/policies/static_hot.h"
#include "model/ple/replay/token_ids.h"
#include "model/ple/sources/cached_ple.h"
#include "model/ple/sources/disk_ple.h"
#include "model/ple/sources/dropped_ple.h"
#include "model/ple/sources/folded_ple.h"
#include "model/ple/sources/resident_ple.h"
#include "model/ple/strategies/make_source.h"
#include "model/ple/strategies/option_forms.h"

namespace plelab {
namespace {

using Source = std::unique_ptr<PleSource>;

PleFootprint InMemory(const PleOptions&, const PleGeometry& geometry) {
  const int64_t table = geometry.table_bytes();
  return {.fast_bytes = table, .file_bytes = 0, .table_bytes = table};
}

PleFootprint InFile(const PleOptions& options, const PleGeometry& geometry) {
  const int64_t table = geometry.table_bytes();
  return {.fast_bytes = 0,
          .file_bytes = table,
          .table_bytes = table,
          .helper_threads = options.Get<DiskOptions>().prefetch ? 1 : 0};
}

PleFootprint Nowhere(const PleOptions&, const PleGeometry&) { return {}; }

// The rows of a file of token ids.  Ids beyond the table read row 0, as soft tokens do in the model, but a
// file with many of them was made with another vocabulary.
std::vector<int64_t> RowsOfTrace(const std::string& path, int64_t vocab) try {
  std::vector<int64_t> rows = ReadTokenIds(path, kAnyVocabulary);
  int64_t beyond = 0;
  for (int64_t& id : rows) {
    if (id >= vocab) ++beyond;
    id = PleRowOfId(id, vocab);
  }
  if (rows.empty()) throw UserError("{}: no ids in it", path);
  if (beyond <= std::ssize(rows) / 2) return rows;
  throw UserError("{}: {} of {} ids are beyond the table's {} rows: was it made with another vocabulary?",
                  path, beyond, rows.size(), vocab);
} catch (const UserError& error) {
  throw UserError("'hot_from': {}; scripts/corpus/make_trace.py writes the ids of a text", error.what());
}

int64_t RowsThatFit(const CachedOptions& own, const PleGeometry& geometry) {
  return CachedPle::RowsThatFit(geometry, own.capacity.Resolve(geometry.table_bytes()));
}

// The rows that a cache with a policy that learns holds, and always will.
std::vector<int64_t> HotRows(const CachedOptions& own, const PleGeometry& geometry) {
  return MostFrequentRows(RowsOfTrace(own.hot_from, geometry.vocab), RowsThatFit(own, geometry));
}

PleFootprint CachedFootprint(const PleOptions& options, const PleGeometry& geometry) {
  PleFootprint footprint = FootprintOf(PleOptionsBelow(options), geometry);
  const auto& own = options.Get<CachedOptions>();
  const bool learns = RowOf(own.policy).learns;
  const int64_t rows = learns ? std::ssize(HotRows(own, geometry)) : RowsThatFit(own, geometry);
  footprint.fast_bytes += rows * geometry.row_bytes();
  return footprint;
}

PleFootprint FoldedFootprint(const PleOptions& options, const PleGeometry& geometry) {
  return FootprintOf(PleOptionsBelow(options), FoldedGeometry(geometry));
}

Source MakeResident(const PleOptions& options, const PleTable& table, const PleSourceContext& context) {
  return std::make_unique<ResidentPle>(table.geometry, *OpenTable(table, IoBackend::kPread, context),
                                       table.offset_bytes, options.Get<ResidentOptions>().pages);
}

Source MakeCached(const PleOptions& options, const PleTable& table, const PleSourceContext& context) {
  const auto& own = options.Get<CachedOptions>();
  const CachePolicyRow& policy = RowOf(own.policy);
  const std::vector<int64_t> hot = policy.learns ? HotRows(own, table.geometry) : std::vector<int64_t>();
  const int64_t rows = policy.learns ? std::ssize(hot) : RowsThatFit(own, table.geometry);
  std::span<const int64_t> warm = hot;
  if (!policy.learns && own.initial == CacheStart::kWarmed) warm = context.warm_ids;
  return std::make_unique<CachedPle>(MakeUntimed(PleOptionsBelow(options), table, context),
                                     policy.make(rows, hot), warm);
}

Source MakeDiskWith(const DiskOptions& own, const PleTable& table, const PleSourceContext& context) {
  return std::make_unique<DiskPle>(table.geometry, OpenTable(table, own.backend, context, own.advice),
                                   table.offset_bytes, own.prefetch);
}

Source MakeDisk(const PleOptions& options, const PleTable& table, const PleSourceContext& context) {
  return MakeDiskWith(options.Get<DiskOptions>(), table, context);
}

Source MakeDropped(const PleOptions& options, const PleTable& table, const PleSourceContext&) {
  return std::make_unique<DroppedPle>(table.geometry, options.Get<DroppedOptions>().mode);
}

PleOption Advice() {
  return PleOption("advice", &DiskOptions::advice,
                   OneWordOf<IoAdvice>{{{"normal", IoAdvice::kNormal}, {"random", IoAdvice::kRandom}}},
                   "of pread and mmap: normal (default, the kernel reads ahead) or random (it does not)")
      .GoesWith(
          [](const PleOptions& options) { return options.Get<DiskOptions>().backend != IoBackend::kDirect; },
          "'backend: pread' and 'backend: mmap'; direct reads pass by the page cache, so nothing is read "
          "ahead");
}

bool Learns(const PleOptions& options) { return RowOf(options.Get<CachedOptions>().policy).learns; }

PleOption Initial() {
  return PleOption("initial", &CachedOptions::initial,
                   OneWordOf<CacheStart>{{{"empty", CacheStart::kEmpty}, {"warmed", CacheStart::kWarmed}}},
                   "how the cache starts: empty (default), or warmed with text from before the prompt")
      .GoesWith([](const PleOptions& options) { return !Learns(options); },
                "every policy but 'static_hot', which starts with its own rows");
}

PleOption HotFrom() {
  return PleOption("hot_from", &CachedOptions::hot_from, FilePath{},
                   "a file of token ids of another text, whose most frequent rows are held")
      .Required()
      .GoesWith(Learns, "'policy: static_hot'");
}

// The rows of soft tokens are read from disk without a prefetch thread, because soft tokens are few and all
// read row 0.
Source MakeFolded(const PleOptions& options, const PleTable& table, const PleSourceContext& context) {
  if (table.folded == nullptr) throw RunError("{}: no folded table was made of it", table.path);
  return std::make_unique<FoldedPle>(MakeUntimed(PleOptionsBelow(options), *table.folded, context),
                                     MakeDiskWith({.prefetch = false}, table, context));
}

}  // namespace

// One row per strategy.  The function is as long as there are strategies, so that all of them stand in one
// place.
std::span<const StrategyRow> Strategies() {
  static const StrategyRow rows[] = {
      {.strategy = PleStrategy::kResident,
       .name = "resident",
       .help = "the whole table in memory: the baseline",
       .exactness = Exactness::kExact,
       .options = {{"pages", &ResidentOptions::pages,
                    OneWordOf<PageSize>{{{"huge", PageSize::kHuge}, {"4k", PageSize::k4KiB}}},
                    "page size of the table in RAM: huge (default) or 4k"}},
       .footprint = InMemory,
       .make = MakeResident},
      {.strategy = PleStrategy::kCached,
       .name = "cached",
       .help = "hot rows in memory, the rest in another source",
       .exactness = Exactness::kExact,
       .options = {{"capacity", &CachedOptions::capacity, AmountOfMemory{},
                    "RAM for rows: an amount (64MiB, the default) or a share of the table (5%)"},
                   {"policy", &CachedOptions::policy,
                    OneWordOf<CachePolicy>{NamesOf(CachePolicies(), &CachePolicyRow::policy)},
                    "which row leaves a full cache (default: lru)"},
                   Initial(),
                   HotFrom()},
       .has_over = true,
       .footprint = CachedFootprint,
       .make = MakeCached},
      {.strategy = PleStrategy::kDisk,
       .name = "disk",
       .help = "rows read from the checkpoint's file when their token appears",
       .exactness = Exactness::kExact,
       .options = {{"backend", &DiskOptions::backend,
                    OneWordOf<IoBackend>{{{"pread", IoBackend::kPread},
                                          {"direct", IoBackend::kDirect},
                                          {"mmap", IoBackend::kMmap}}},
                    "how rows are read: pread (default), direct (O_DIRECT) or mmap"},
                   Advice(),
                   {"prefetch", &DiskOptions::prefetch, TrueOrFalse{},
                    "true (default): a thread reads ahead; false: reads happen when needed"}},
       .footprint = InFile,
       .make = MakeDisk},
      {.strategy = PleStrategy::kDropped,
       .name = "dropped",
       .help = "no rows at all: an ablation",
       .exactness = Exactness::kAblation,
       .options = {{"mode", &DroppedOptions::mode,
                    OneWordOf<DropMode>{{{"zero_row", DropMode::kZeroRow},
                                         {"projection_only", DropMode::kProjectionOnly},
                                         {"block_off", DropMode::kBlockOff}}},
                    "what is left: zero_row (default), projection_only or block_off"}},
       .footprint = Nowhere,
       .make = MakeDropped},
      {.strategy = PleStrategy::kFolded,
       .name = "folded",
       .help = "per-layer inputs finished beforehand, in CKPT/ple_folded.safetensors: no projection",
       .exactness = Exactness::kButRounding,
       .options = {{"file", &FoldedOptions::file, FilePath{},
                    "where finished inputs are kept, if not in CKPT/ple_folded.safetensors"},
                   {"verify", &FoldedOptions::verify,
                    OneWordOf<FoldedCheck>{
                        {{"sampled", FoldedCheck::kSampled}, {"full", FoldedCheck::kFull}}},
                    "how the file's hashes are checked: sampled (default, 64 MiB of it) or full"}},
       .has_over = true,
       .reads_folded = true,
       .footprint = FoldedFootprint,
       .make = MakeFolded},
  };
  static_assert(HasRowForEach<PleStrategy>(rows));
  return rows;
}

const StrategyRow& RowOf(PleStrategy strategy) {
  return FindRow(Strategies(), &StrategyRow::strategy, strategy);
}

std::vector<std::string> TracesRead(const PleOptions& options) {
  std::vector<std::string> paths;
  if (RowOf(options.strategy).has_over) paths = TracesRead(PleOptionsBelow(options));
  if (options.strategy == PleStrategy::kCached && Learns(options)) {
    paths.push_back(options.Get<CachedOptions>().hot_from);
  }
  return paths;
}

}  // namespace plelab
