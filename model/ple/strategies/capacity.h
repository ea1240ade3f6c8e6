// Amounts of memory as a user writes them.
#pragma once

#include <string>
#include <string_view>

#include "model/ple/strategies/ple_options.h"

namespace plelab {

// An amount that ParseBytes takes, or "5%" (of the table).  Throws UserError naming `key` and the known
// units.
Capacity ParseCapacity(std::string_view key, std::string_view text);
// The same back, in the largest unit that leaves a whole number.
std::string FormatCapacity(const Capacity& capacity);

}  // namespace plelab
