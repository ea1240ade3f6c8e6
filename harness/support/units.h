// Amounts as people write them: 64MiB, 20us, 5%.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plelab {

// "64MiB", "1.5GB", "512B": B; KiB, MiB, GiB, TiB (powers of 1024); kB, KB, MB, GB, TB (powers of 1000).
// A unit is needed (except for 0), a fraction of a byte is rounded.  Throws UserError naming the units that
// are known.
int64_t ParseBytes(std::string_view text);
// "20us", "1.5ms": ns, us, ms, s, min.  A unit is needed (except for 0).  Throws UserError naming the known
// ones.
int64_t ParseDurationNs(std::string_view text);
// "5%" → 0.05; a plain number is taken as it is.  Throws UserError.
double ParseShare(std::string_view text);

// For people, in powers of 1024: "1.5 GiB", "15.0 KiB", "512 B".
std::string ReadableBytes(int64_t bytes);
// For people, in powers of 1000: "12.3 GB", "5.2 MB", "512 B".
std::string DecimalBytes(int64_t bytes);
// For people: "12 ns", "238 us", "44 ms", "7.2 s", "12 s", "3 min 05 s", "2 h 10 min".
std::string ReadableSeconds(double seconds);

}  // namespace plelab
