// Amounts of memory as a user writes them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plelab {

// An amount of memory as a user writes it: 64MiB, or a share of the table (5%).
struct Capacity {
  int64_t bytes = 64 * 1024 * 1024;
  double share_of_table = 0;  // in (0, 1]: wins over bytes
  int64_t Resolve(int64_t table_bytes) const;
};

// An amount that ParseBytes takes, or "5%" (of the table).  Throws UserError naming `key` and the known
// units.
Capacity ParseCapacity(std::string_view key, std::string_view text);
// The same back, in the largest unit that leaves a whole number.
std::string FormatCapacity(const Capacity& capacity);

}  // namespace plelab
