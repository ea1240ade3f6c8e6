// Amounts with a unit as people write them: 64MiB, 2GB.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace plelab {

// "64MiB", "1.5GB", "512 B": B; KiB, MiB, GiB, TiB (powers of 1024); kB, KB, MB, GB, TB (powers of 1000).
// A unit is needed (except for 0), a fraction of a byte is rounded.  Throws UserError naming the units that
// are known.
int64_t ParseBytes(std::string_view text);
// The same back, exact, in the largest power of 1024 that leaves a whole number; "0" for none.
std::string FormatBytes(int64_t bytes);

struct AmountUnit {
  std::string_view name;
  double factor;
};

// The grammar of ParseBytes with other units.  `what` and `example` are for errors: "an amount of memory",
// "64MiB".
int64_t ParseAmount(std::string_view text, std::string_view what, std::string_view example,
                    std::span<const AmountUnit> units);

}  // namespace plelab
