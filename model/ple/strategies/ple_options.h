// How the rows of a PLE table are held: a strategy, a transform and their options, given by `--ple SPEC` or
// by a config's `ple:` map.
//
// This header names no strategy and no transform.  They are listed in strategy_table.h and transform_table.h,
// and the header of each declares its options (DiskOptions in sources/disk_ple.h).
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
  // The default is the first row of the table, `resident`.
  PleStrategy strategy = {};
  // Applied to any strategy that has rows.  The default is the first row of the table, `none`.
  PleTransform transform = {};
  // A folder with the table to read in place of the checkpoint's own: one that `plelab pack` wrote, or a copy
  // of the checkpoint.  Empty: the checkpoint's.  Not for the source below a cache.
  std::string table = "";
  // The option structs of any strategy and transform, so that a key may precede the name of the strategy that
  // it belongs to.  Options of other strategies are an error when the options are checked.
  OptionStructs own = {};
  // The source below a cache, or the one that holds the finished inputs of `folded`.  nullptr means disk with
  // its defaults.
  std::shared_ptr<const PleOptions> over = nullptr;

  template <class T>
  const T& Get() const {
    return own.Get<T>();
  }
};

// One option as users see it.  The list of all is collected from the tables; the JSON Schema for editors is
// made from it.  `strategy` comes first; one entry, the last, describes both `over` and `over.KEY`.
struct PleOptionInfo {
  std::string_view key;
  std::string_view help;                 // one line: the meaning and the default
  std::vector<std::string_view> values;  // the words it accepts; empty for other values (an amount, a map)
  std::vector<PleStrategy> used_by;      // the strategies that use it; empty when all do
  std::vector<PleTransform> used_with = {};  // the transforms that use it; empty when all do
  bool required = false;                     // by the strategies and transforms that use it
};
std::span<const PleOptionInfo> KnownPleOptions();

// Sets one option from text.  The key is `strategy`, `backend`, `capacity`, …, or `over.backend` for the
// source below a cache (`over` alone names its strategy).  The options of that source are copied first,
// because other PleOptions may share them.
// Throws UserError: "unknown key 'capcity'; known: …; did you mean 'capacity'?", "unknown value 'x' for
// 'policy'; known: lru".
// A key that the chosen strategy does not use is accepted here and refused by CheckPleOptions.
void SetPleOption(PleOptions& options, std::string_view key, std::string_view value);
// Throws UserError when a given key does not belong to the strategy or the transform (`capacity` for disk,
// `rank` for int8, …), when a required key is missing, when the source below a cache has no rows or no rows
// of its own, or when the source below `folded` is anything but unchanged rows.
void CheckPleOptions(const PleOptions& options, const std::vector<std::string>& given_keys);
// Parses and checks `NAME[,key=value…]`, for example "disk,backend=direct".  Throws as SetPleOption and
// CheckPleOptions, and UserError for a repeated key.
PleOptions ParsePleSpec(std::string_view spec);
// Every option that the strategy and the transform use, with defaults filled in: {"strategy", "disk"},
// {"backend", "pread"}, ….  The order is the strategy, its options, the transform, its options, the source
// below.  `transform: none` and a path that was not given are left out.
std::vector<std::pair<std::string, std::string>> DescribePleOptions(const PleOptions& options);
// The options of the source below a cache or `folded`: options.over, or disk with its defaults.
const PleOptions& PleOptionsBelow(const PleOptions& options);

std::string_view Name(PleStrategy strategy);
std::string_view Name(PleTransform transform);
// True when the rows must equal the resident ones bit for bit.
bool IsExact(const PleOptions& options);
// True when the output may differ from that of resident rows by rounding only.
bool IsExactButForRounding(const PleOptions& options);
// True when the source reads a table of finished per-layer inputs (PleTable::folded), which must be made
// first.
bool ReadsFoldedTable(const PleOptions& options);
// True when a row depends on the ids before it, so that a source can serve only one sequence at a time.
bool LooksBack(const PleOptions& options);

}  // namespace plelab
