#include "model/ple/strategies/strategy_table.h"

#include "model/io/uring_file.h"
#include "model/ple/enum_rows.h"
#include "model/ple/policies/cache_policies.h"
#include "model/ple/policies/static_hot.h"
#include "model/ple/replay/token_ids.h"
#include "model/ple/sources/cached_ple.h"
#include "model/ple/sources/disk_ple.h"
#include "model/ple/sources/dropped_ple.h"
#include "model/ple/sources/folded_ple.h"
#include "model/ple/sources/resident_ple.h"
#include "model/ple/sources/speculative_ple.h"
#include "model/ple/strategies/make_source.h"
#include "model/ple/strategies/option_forms.h"

namespace plelab {
namespace {

using Source = std::unique_ptr<PleSource>;

PleFootprint InMemory(const PleOptions&, const PleTable& table) {
  return {.fast_bytes = table.stored_bytes() + table.index_bytes(),
          .file_bytes = 0,
          .table_bytes = table.stored_bytes()};
}

PleFootprint InFile(const PleOptions& options, const PleTable& table) {
  const auto& own = options.Get<DiskOptions>();
  const bool has_thread = own.prefetch && own.backend != IoBackend::kUring;
  return {.fast_bytes = table.index_bytes(),
          .file_bytes = table.stored_bytes(),
          .table_bytes = table.stored_bytes(),
          .helper_threads = has_thread ? 1 : 0};
}

PleFootprint Nowhere(const PleOptions&, const PleTable&) { return {}; }

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

// Bytes of a row as a cache over a source with these options keeps it: packed, unless a transform has
// changed its values.
int64_t RowBytesKept(const PleOptions& below, const PleTable& table) {
  return RowOf(below.transform).keeps_values ? table.row_bytes() : table.geometry.row_bytes();
}

// How many rows a cache holds at most: whole rows, at most one copy of each.
int64_t RowsThatFit(const PleOptions& options, const PleTable& table) {
  const int64_t row_bytes = RowBytesKept(PleOptionsBelow(options), table);
  const int64_t bytes = options.Get<CachedOptions>().capacity.Resolve(table.geometry.vocab * row_bytes);
  return std::min(bytes / row_bytes, table.geometry.vocab);
}

// The rows that a cache with a policy that learns holds, and always will.
std::vector<int64_t> HotRows(const PleOptions& options, const PleTable& table) {
  return MostFrequentRows(RowsOfTrace(options.Get<CachedOptions>().hot_from, table.geometry.vocab),
                          RowsThatFit(options, table));
}

PleFootprint CachedFootprint(const PleOptions& options, const PleTable& table) {
  PleFootprint footprint = FootprintOf(PleOptionsBelow(options), table);
  const bool learns = RowOf(options.Get<CachedOptions>().policy).learns;
  const int64_t rows = learns ? std::ssize(HotRows(options, table)) : RowsThatFit(options, table);
  footprint.fast_bytes += rows * RowBytesKept(PleOptionsBelow(options), table);
  return footprint;
}

PleFootprint SpeculativeFootprint(const PleOptions& options, const PleTable& table) {
  PleFootprint footprint = FootprintOf(PleOptionsBelow(options), table);
  footprint.fast_bytes +=
      options.Get<SpeculativeOptions>().candidates * RowBytesKept(PleOptionsBelow(options), table);
  return footprint;
}

// Before the folded table was made, it is known as one of float32 in the published order.
PleFootprint FoldedFootprint(const PleOptions& options, const PleTable& table) {
  if (table.folded) return FootprintOf(PleOptionsBelow(options), *table.folded);
  return FootprintOf(PleOptionsBelow(options), {.path = "", .geometry = FoldedGeometry(table.geometry)});
}

Source MakeResident(const PleOptions& options, const PleTable& table, const PleSourceContext& context) {
  return std::make_unique<ResidentPle>(table, *OpenTable(table, {}, context),
                                       options.Get<ResidentOptions>().pages);
}

Source MakeCached(const PleOptions& options, const PleTable& table, const PleSourceContext& context) {
  const auto& own = options.Get<CachedOptions>();
  const CachePolicyRow& policy = RowOf(own.policy);
  const std::vector<int64_t> hot = policy.learns ? HotRows(options, table) : std::vector<int64_t>();
  const int64_t rows = policy.learns ? std::ssize(hot) : RowsThatFit(options, table);
  std::span<const int64_t> warm = hot;
  if (!policy.learns && own.initial == CacheStart::kWarmed) warm = context.warm_ids;
  return std::make_unique<CachedPle>(MakeUntimed(PleOptionsBelow(options), table, context),
                                     policy.make(rows, hot), warm);
}

Source MakeDiskWith(const DiskOptions& own, const PleTable& table, const PleSourceContext& context) {
  return std::make_unique<DiskPle>(table, OpenTable(table, own.io(table.stored_bytes()), context),
                                   own.prefetch);
}

Source MakeDisk(const PleOptions& options, const PleTable& table, const PleSourceContext& context) {
  return MakeDiskWith(options.Get<DiskOptions>(), table, context);
}

Source MakeDropped(const PleOptions& options, const PleTable& table, const PleSourceContext&) {
  return std::make_unique<DroppedPle>(table.geometry, options.Get<DroppedOptions>().mode);
}

bool IsUring(const PleOptions& options) { return options.Get<DiskOptions>().backend == IoBackend::kUring; }

// Reads pass by the page cache.
bool IsDirect(const PleOptions& options) {
  return IsUring(options) || options.Get<DiskOptions>().backend == IoBackend::kDirect;
}

PleOption Advice() {
  return PleOption("advice", &DiskOptions::advice,
                   OneWordOf<IoAdvice>{{{"normal", IoAdvice::kNormal}, {"random", IoAdvice::kRandom}}},
                   "of pread and mmap: normal (default, the kernel reads ahead) or random (it does not)")
      .GoesWith(
          [](const PleOptions& options) { return !IsDirect(options); },
          "'backend: pread' and 'backend: mmap'; direct reads pass by the page cache, so nothing is read "
          "ahead");
}

PleOption Alignment() {
  return PleOption("alignment", &DiskOptions::alignment,
                   OneWordOf<int64_t>{{{"device", 0}, {"512", 512}, {"4096", 4096}}},
                   "of direct reads, in bytes: device (default, the least that it allows), 512 or 4096")
      .GoesWith(IsDirect, "'backend: direct' and 'backend: io_uring'");
}

PleOption Mapped() {
  return PleOption("mapped", &DiskOptions::mapped, AmountOfMemory{},
                   "of mmap, the most that is mapped at a time: 0B (default, no limit), 64MiB or a share")
      .GoesWith(
          [](const PleOptions& options) { return options.Get<DiskOptions>().backend == IoBackend::kMmap; },
          "'backend: mmap'");
}

PleOption OfUring(PleOption option) { return std::move(option).GoesWith(IsUring, "'backend: io_uring'"); }

OneWordOf<IoBackend> Backends() {
  OneWordOf<IoBackend> words;
  for (const auto backend : {IoBackend::kPread, IoBackend::kDirect, IoBackend::kMmap, IoBackend::kUring}) {
    words.names.emplace_back(Name(backend), backend);
  }
  return words;
}

std::vector<PleOption> DiskOptionRows() {
  using Polling = UringOptions::Polling;
  return {
      {"backend", &DiskOptions::backend, Backends(),
       "how rows are read: pread (default), direct (O_DIRECT), mmap or io_uring (O_DIRECT, many at once)"},
      Advice(),
      {"prefetch", &DiskOptions::prefetch, TrueOrFalse{},
       "true (default): reads start when ids are known; false: when rows are needed"},
      Mapped(),
      Alignment(),
      OfUring({"queue_depth", &DiskOptions::queue_depth, WholeNumber{1, 4096},
               "reads of io_uring in flight at the same time: 64 (default)"}),
      OfUring(
          {"polling", &DiskOptions::polling,
           OneWordOf<Polling>{
               {{"none", Polling::kInterrupt}, {"iopoll", Polling::kIo}, {"sqpoll", Polling::kSubmission}}},
           "none (default), iopoll (the device is polled, where it can be) or sqpoll (a thread of the "
           "kernel takes reads)"}),
      OfUring({"registered", &DiskOptions::registered, TrueOrFalse{},
               "true (default): the kernel knows the memory of reads; false: it is named at each read"})};
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

Source MakeSpeculative(const PleOptions& options, const PleTable& table, const PleSourceContext& context) {
  return std::make_unique<SpeculativePle>(MakeUntimed(PleOptionsBelow(options), table, context),
                                          options.Get<SpeculativeOptions>().candidates);
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
       .options = DiskOptionRows(),
       .why_unavailable = [](const PleOptions& options) { return IsUring(options) ? WhyNoUring() : ""; },
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
                    "where finished inputs are kept, if not in ple_folded.safetensors of `table` or CKPT"},
                   {"verify", &FoldedOptions::verify,
                    OneWordOf<TableCheck>{{{"sampled", TableCheck::kSampled}, {"full", TableCheck::kFull}}},
                    "how the file's hashes are checked: sampled (default, 64 MiB of it) or full"}},
       .has_over = true,
       .reads_folded = true,
       .footprint = FoldedFootprint,
       .make = MakeFolded},
      {.strategy = PleStrategy::kSpeculative,
       .name = "speculative",
       .help = "rows of the likeliest next tokens are read while the sampler still chooses",
       .exactness = Exactness::kExact,
       .options = {{"candidates", &SpeculativeOptions::candidates, WholeNumber{1, 256},
                    "how many of the likeliest tokens: 4 (default)"}},
       .has_over = true,
       .footprint = SpeculativeFootprint,
       .make = MakeSpeculative},
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
