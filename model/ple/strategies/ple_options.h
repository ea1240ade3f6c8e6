// How a PLE table is held: a strategy, a transform and their options, from `--ple SPEC` or from a config's
// `ple:` map.
//
// This header names no strategy: those stand in strategy_table.h and transform_table.h, and their options in
// the header of each (DiskOptions in sources/disk_ple.h).
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/ple/strategies/option_structs.h"

namespace plelab {

enum class PleStrategy : int;   // strategy_table.h
enum class PleTransform : int;  // transform_table.h

struct PleOptions {
  PleStrategy strategy = {};    // the first of its table: resident
  PleTransform transform = {};  // on top of any strategy that has rows; the first of its table: none
  // Structs of any strategy and transform, so that keys may come before the names that they belong to; those
  // of another strategy are an error when the options are checked.
  OptionStructs own = {};
  // What a cache stands before, or where the finished inputs of `folded` live; none: disk with its defaults.
  std::shared_ptr<const PleOptions> over = nullptr;

  template <class T>
  const T& Get() const {
    return own.Get<T>();
  }
};

// One option as people meet it: what the tables say, in one list, from which the editors' JSON Schema is
// made.  `strategy` comes first; `over` and `over.KEY` are described by one entry, the last.
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
// a cache (`over` alone names its strategy).  Options below are copied first: other PleOptions may share
// them. Throws UserError: "unknown key 'capcity'; known: …; did you mean 'capacity'?", "unknown value 'x' for
// 'policy'; known: lru".
// A key that the chosen strategy does not use is an error when the options are checked.
void SetPleOption(PleOptions& options, std::string_view key, std::string_view value);
// Throws UserError when the given keys do not belong to the strategy or the transform (`capacity` for disk,
// `rank` for int8, …), when one that they need is missing, when a cache stands before a source that has no
// rows, or none of its own, or when `folded` stands before anything but rows as they are.
void CheckPleOptions(const PleOptions& options, const std::vector<std::string>& given_keys);
// `NAME[,key=value…]`: "disk,backend=direct".  Checked; a repeated key is an error too.
PleOptions ParsePleSpec(std::string_view spec);
// Every option that the strategy and the transform use, resolved: the strategy, its options, the transform,
// its options, what is below.  {"strategy", "disk"}, {"backend", "pread"}, …  `transform: none` goes without
// saying.
std::vector<std::pair<std::string, std::string>> DescribePleOptions(const PleOptions& options);
// What a cache or `folded` stands before: options.over, or disk with its defaults.
const PleOptions& PleOptionsBelow(const PleOptions& options);

std::string_view Name(PleStrategy strategy);
std::string_view Name(PleTransform transform);
// True where the rows must equal the resident ones bit for bit.
bool IsExact(const PleOptions& options);
// True where only rounding may tell the output from that of resident rows.
bool IsExactButForRounding(const PleOptions& options);
// True where a table of finished per-layer inputs is read (PleTable::folded), which must be made first.
bool ReadsFoldedTable(const PleOptions& options);
// True where each row depends on the ids before it: one sequence at a time.
bool LooksBack(const PleOptions& options);

}  // namespace plelab
