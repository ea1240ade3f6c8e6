// How a PLE table is held: the options of a strategy, from `--ple SPEC` or from a config's `ple:` map.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/base/anonymous_memory.h"
#include "model/io/random_access_file.h"
#include "model/ple/sources/dropped_ple.h"

namespace plelab {

enum class PleStrategy { kResident, kCached, kDisk, kDropped, kFolded };
enum class CachePolicy { kLru };
enum class CacheStart { kEmpty, kWarmed };
// What happens to rows on their way from where they live to the model; model/ple/transforms/ has one file per
// kind.
enum class PleTransform {
  kNone,
  kZeroLayers,
  kMeanLayers,
  kShuffled,
  kPrevious,
  kRandom,
  kShared,
  kLowRank,
  kInt8,
  kInt4,
  kCodebook,
  kZeroSoft
};

// An amount of memory as a user writes it: 64MiB, or a share of the table (5%).
struct Capacity {
  int64_t bytes = 64 * 1024 * 1024;
  double share_of_table = 0;  // in (0, 1]: wins over bytes
  int64_t Resolve(int64_t table_bytes) const;
};

struct PleOptions {
  PleStrategy strategy = PleStrategy::kResident;
  PageSize pages = PageSize::kHuge;         // resident: `huge` or `4k` (a fair comparison with mmap)
  Capacity capacity = {};                   // cached: `64MiB` or `5%`; 0 keeps nothing and still answers
  CachePolicy policy = CachePolicy::kLru;   // cached: which row leaves first
  CacheStart initial = CacheStart::kEmpty;  // cached: `empty`, or `warmed` with the ids that the caller names
  IoBackend backend = IoBackend::kPread;    // disk: `pread`, `direct`, `mmap`
  bool prefetch = true;                // disk: a thread reads from Begin on; false: reads happen in Layer
  DropMode mode = DropMode::kZeroRow;  // dropped: `zero_row`, `projection_only`, `block_off`
  PleTransform transform = PleTransform::kNone;  // on top of any strategy that has rows
  std::vector<int64_t> layers = {};              // zero_layers, mean_layers: which; ascending
  int64_t rank = 0;                              // low_rank: directions kept in each layer
  int64_t group = 32;   // int8, int4: values that share a scale; a layer's last group may be shorter
  int64_t entries = 0;  // codebook: rows of each layer's book
  int64_t seed = 0;     // shuffled, random, codebook
  std::shared_ptr<PleOptions> over = nullptr;  // cached: what it stands before; folded: where the finished
                                               // inputs live; none: disk with its defaults
};

// One option as people meet it: the list that SetPleOption and CheckPleOptions walk, and from which the
// editors' JSON Schema is made.  `strategy` comes first; `over` and `over.KEY` are described by one entry.
struct PleOptionInfo {
  std::string_view key;
  std::string_view help;                     // one line: meaning and default
  std::vector<std::string_view> values;      // the words that it takes; empty: free (an amount, a map)
  std::vector<PleStrategy> used_by;          // empty: all
  std::vector<PleTransform> used_with = {};  // empty: whatever the transform
  bool required = false;                     // where it is used
};
std::span<const PleOptionInfo> KnownPleOptions();

// Sets one option from text: key `strategy`, `backend`, `capacity`, …, or `over.backend` for the source below
// a cache (`over` alone names its strategy).
// Throws UserError: "unknown key 'capcity'; known: …", "…: unknown value 'x' for 'policy'; known: lru".
// A key that the chosen strategy does not use is an error when the options are checked.
void SetPleOption(PleOptions& options, std::string_view key, std::string_view value);
// Throws UserError when the given keys do not belong to the strategy or the transform (`capacity` for disk,
// `rank` for int8, …), when one that they need is missing, when a cache stands before a source that has no
// rows, or none of its own, or when `folded` stands before anything but rows as they are.
void CheckPleOptions(const PleOptions& options, const std::vector<std::string>& given_keys);
// `NAME[,key=value…]`: "disk,backend=direct".  Checked; a repeated key is an error too.
PleOptions ParsePleSpec(std::string_view spec);
// Every option that the strategy and the transform use, resolved, in the order of the struct:
// {"strategy", "disk"}, {"backend", "pread"}, …  `transform: none` goes without saying.
std::vector<std::pair<std::string, std::string>> DescribePleOptions(const PleOptions& options);
// What a cache or `folded` stands before: options.over, or disk with its defaults.
const PleOptions& PleOptionsBelow(const PleOptions& options);
std::string_view Name(PleStrategy strategy);
std::string_view Name(PleTransform transform);
// True where the rows must equal the resident ones bit for bit.
bool IsExact(const PleOptions& options);

}  // namespace plelab
