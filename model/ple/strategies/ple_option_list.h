// The list of PLE options: everything about one option in one place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "model/ple/strategies/ple_options.h"

namespace plelab {

struct PleOption {
  PleOptionInfo info;
  // Throws UserError naming `full_key` (what the user wrote) and the known values.
  void (*set)(PleOptions&, std::string_view full_key, std::string_view value);
  std::string (*get)(const PleOptions&);  // null for `over`, which is no value but a source of its own

  bool IsUsedBy(PleStrategy strategy) const;
  bool IsUsedWith(PleTransform transform) const;
  bool IsUsedBy(const PleOptions& options) const {
    return IsUsedBy(options.strategy) && IsUsedWith(options.transform);
  }
};

// In the order of the struct PleOptions.
const std::vector<PleOption>& PleOptionList();
PleStrategy ParsePleStrategy(std::string_view full_key, std::string_view value);

}  // namespace plelab
