// Every option of every strategy and transform, from the two tables.
#pragma once

#include <string_view>
#include <vector>

#include "model/ple/strategies/option.h"

namespace plelab {

// `strategy` and `transform` themselves.
const PleOption& StrategyOption();
const PleOption& TransformOption();
inline constexpr std::string_view kOverKey = "over";  // no value but a source of its own

// All that have this key: `seed` belongs to several transforms.  A key means the same wherever it is.
std::vector<const PleOption*> OptionsNamed(std::string_view key);

// The options that a strategy and a transform use, in the order in which they are recorded: the strategy and
// its own, the transform and its own.  Not `over`.
std::vector<const PleOption*> OptionsUsedBy(const PleOptions& options);

}  // namespace plelab
