// Amounts as people write and read them: 20us, 5%, 1.5 GiB (bytes are parsed by model/base/byte_size.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plelab {

// "20us", "1.5ms": ns, us, ms, s, min.  A unit is needed (except for 0).  Throws UserError naming the known
// ones.
int64_t ParseDurationNs(std::string_view text);
// "5%" → 0.05; a plain number is taken as it is.  Throws UserError.
double ParseShare(std::string_view text);

// For people: "1.5 GiB", "15.0 KiB", "512 B".
std::string ReadableBytes(int64_t bytes);
// For people: "12 ns", "238 us", "44 ms", "7.2 s", "12 s", "3 min 05 s", "2 h 10 min".
std::string ReadableSeconds(double seconds);

}  // namespace plelab
