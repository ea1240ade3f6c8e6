// The table of strategies: all that there is to know about each.
#pragma once

#include <functional>
#include <memory>
#include <span>
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
  kCount  // of strategies; none itself
};

// How the output of a model relates to that of one with resident rows.
enum class Exactness {
  kExact,        // the same bits; a strategy that stands before another is as exact as that one
  kButRounding,  // the same but for rounding
  kAblation      // another one
};

struct StrategyRow {
  PleStrategy strategy;
  std::string_view name;  // as in `--ple disk`
  std::string_view help;  // one line
  Exactness exactness = Exactness::kAblation;
  std::vector<PleOption> options = {};  // of its own, in the order in which they are recorded
  bool has_over = false;                // takes `over`: stands before another source
  bool reads_folded = false;            // reads PleTable::folded
  // What the source will hold; table_bytes before any transform.
  std::function<PleFootprint(const PleOptions&, const PleGeometry&)> footprint;
  // Throws as MakePleSource.
  std::function<std::unique_ptr<PleSource>(const PleOptions&, const PleTable&, const PleSourceContext&)> make;

  // Only the table's own rows may be transformed, and only before them may another source stand.
  bool has_rows() const { return exactness == Exactness::kExact; }
};

// In the order of the enumeration, which is the order of lists that users see.  The first is the default.
std::span<const StrategyRow> Strategies();
const StrategyRow& RowOf(PleStrategy strategy);

}  // namespace plelab
