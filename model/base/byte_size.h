// Reads and writes amounts of bytes in the form that people use: 64MiB, 2GB.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace plelab {

// Parses "64MiB", "1.5GB" or "512 B" into bytes.  The units are B; KiB, MiB, GiB, TiB (powers of 1024); kB,
// KB, MB, GB, TB (powers of 1000).
// Every amount but 0 needs a unit; a fraction of a byte is rounded.  Throws UserError naming the known units.
int64_t ParseBytes(std::string_view text);
// Writes `bytes` exactly, as the smallest whole number of a unit that ParseBytes knows: 64MiB, 64MB; 0 bytes
// are "0".
std::string FormatBytes(int64_t bytes);

struct AmountUnit {
  std::string_view name;
  double factor;
};

// Parses as ParseBytes does, but with the given units.  Error messages quote `what` ("an amount of memory")
// and `example` ("64MiB").
int64_t ParseAmount(std::string_view text, std::string_view what, std::string_view example,
                    std::span<const AmountUnit> units);

}  // namespace plelab
