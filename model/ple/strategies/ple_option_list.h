// Every option of every strategy and transform, collected from the two tables.
#pragma once

#include <string_view>
#include <vector>

#include "model/ple/strategies/option.h"

namespace plelab {

// The options `strategy` and `transform` themselves.
const PleOption& StrategyOption();
const PleOption& TransformOption();
const PleOption& TableOption();
inline constexpr std::string_view kOverKey = "over";  // its value is the description of another source

// All options with this key; `seed`, for example, belongs to several transforms.  A key has the same meaning
// in all of them.
std::vector<const PleOption*> OptionsNamed(std::string_view key);

// The options that the chosen strategy and transform use, in the order in which they are recorded: `strategy`
// and its options, then `transform` and its options.  `over` is not among them, nor is an option that does
// not go with the values of others.
std::vector<const PleOption*> OptionsUsedBy(const PleOptions& options);

}  // namespace plelab
