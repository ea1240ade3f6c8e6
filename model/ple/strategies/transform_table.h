// The table of transforms: all that there is to know about each.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "model/ple/strategies/factory.h"
#include "model/ple/strategies/option.h"

namespace plelab {

// What happens to rows on their way from where they live to the model; model/ple/transforms/ has a file for
// each kind.
enum class PleTransform : int {
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
  kZeroSoft,
  kCount  // of transforms; none itself
};

struct TransformRow {
  PleTransform transform;
  std::string_view name;                // as in `transform: int8`
  std::string_view help;                // one line
  std::vector<PleOption> options = {};  // of its own, in the order in which they are recorded
  bool looks_back = false;              // needs the ids in the order of one text
  // Throws UserError where the options do not fit the table.  Null: they always do.
  std::function<void(const PleOptions&, const PleGeometry&)> check = nullptr;
  // What the table would take in this form.  Null: what it takes before.
  std::function<int64_t(const PleOptions&, const PleGeometry&)> table_bytes = nullptr;
  // The wrapper around `source`, which holds rows of `table`.  Null: the source itself.
  std::function<std::unique_ptr<PleSource>(std::unique_ptr<PleSource> source, const PleOptions&,
                                           const PleTable& table, const PleSourceContext&)>
      make = nullptr;
};

// In the order of the enumeration, which is the order of lists that users see.  The first is the default.
std::span<const TransformRow> Transforms();
const TransformRow& RowOf(PleTransform transform);

}  // namespace plelab
