// The table of transforms: everything that the program knows about each.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "model/ple/strategies/factory.h"
#include "model/ple/strategies/option.h"

namespace plelab {

// What is done to rows between the source that holds them and the model.  model/ple/transforms/ has a file
// pair for each kind.
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
  kCount  // the number of transforms, not a transform
};

struct TransformRow {
  PleTransform transform;
  std::string_view name;                // as in `transform: int8`
  std::string_view help;                // one line
  std::vector<PleOption> options = {};  // its own options, in the order in which they are recorded
  bool looks_back = false;              // it needs the ids in the order of one text
  bool keeps_values = false;            // a row that it returns is a row as stored, of whatever token
  // Throws UserError when the options do not fit the table.  nullptr when they always fit.
  std::function<void(const PleOptions&, const PleGeometry&)> check = nullptr;
  // The bytes that the whole table would take in this form.  nullptr when the transform does not change them.
  std::function<int64_t(const PleOptions&, const PleGeometry&)> table_bytes = nullptr;
  // Makes the wrapper around `source`, which holds rows of `table`.  nullptr when the source is not wrapped.
  std::function<std::unique_ptr<PleSource>(std::unique_ptr<PleSource> source, const PleOptions&,
                                           const PleTable& table, const PleSourceContext&)>
      make = nullptr;
};

// In the order of the enumeration, which is also the order in which users see them.  The first is the
// default.
std::span<const TransformRow> Transforms();
const TransformRow& RowOf(PleTransform transform);

}  // namespace plelab
