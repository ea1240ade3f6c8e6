// Amounts of memory, absolute or as a share of the PLE table.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plelab {

// An amount of memory in one of the forms that users write: 64MiB, or a share of the table (5%).
struct Capacity {
  int64_t bytes = 64 * 1024 * 1024;
  double share_of_table = 0;  // when in (0, 1], it is used and `bytes` is ignored
  int64_t Resolve(int64_t table_bytes) const;
};

// Parses an amount that ParseBytes accepts, or a share of the table ("5%").  Throws UserError naming `key`
// and the known units.
Capacity ParseCapacity(std::string_view key, std::string_view text);
// Inverse of ParseCapacity, in the largest unit that leaves a whole number.
std::string FormatCapacity(const Capacity& capacity);

}  // namespace plelab
