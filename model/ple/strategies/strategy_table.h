// The table of strategies: everything that the program knows about each.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/ple/strategies/factory.h"
#include "model/ple/strategies/option.h"

namespace plelab {

enum class PleStrategy : int {
  kResident,
  kCached,
  kDisk,
  kDropped,
  kFolded,
  kSpeculative,
  kCount  // the number of strategies, not a strategy
};

// How a model's output relates to that of the same model with resident rows.
enum class Exactness {
  kExact,        // equal bit for bit; a strategy with a source below it is as exact as that source
  kButRounding,  // equal up to rounding
  kAblation      // different
};

struct StrategyRow {
  PleStrategy strategy;
  std::string_view name;  // as in `--ple disk`
  std::string_view help;  // one line
  Exactness exactness = Exactness::kAblation;
  std::vector<PleOption> options = {};  // its own options, in the order in which they are recorded
  bool has_over = false;                // it accepts `over`: it has another source below it
  bool reads_folded = false;            // it reads PleTable::folded
  // Why it cannot be made here, or an empty text; nullptr where it always can.
  std::function<std::string(const PleOptions&)> why_unavailable = nullptr;
  // The source's footprint; table_bytes is that of the table before any transform.
  std::function<PleFootprint(const PleOptions&, const PleTable&)> footprint;
  // Makes the source.  Throws as MakePleSource.
  std::function<std::unique_ptr<PleSource>(const PleOptions&, const PleTable&, const PleSourceContext&)> make;

  // True when the source returns rows of the PLE table.  Only such a source may be transformed or have
  // another source before it.
  bool has_rows() const { return exactness == Exactness::kExact; }
};

// In the order of the enumeration, which is also the order in which users see them.  The first is the
// default.
std::span<const StrategyRow> Strategies();
const StrategyRow& RowOf(PleStrategy strategy);

// The files of token ids that sources with these options learn from.
std::vector<std::string> TracesRead(const PleOptions& options);

}  // namespace plelab
