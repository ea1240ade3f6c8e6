// Amounts as people write and read them: 20us, 5%, 1.5 GiB (bytes are parsed by model/base/byte_size.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plelab {

// Parses "20us", "1.5ms".  Units: ns, us, ms, s, min.  A unit is required, except for 0.  Throws UserError
// naming the known units.
int64_t ParseDurationNs(std::string_view text);
// Parses "5%" as 0.05; a number without % is taken as it is.  Throws UserError.
double ParseShare(std::string_view text);

// Formats for people: "1.5 GiB", "15.0 KiB", "512 B".
std::string ReadableBytes(int64_t bytes);
// Formats for people, in powers of 1000: "12.3 GB", "5.2 MB", "512 B".
std::string DecimalBytes(int64_t bytes);
// Formats for people, in groups of three digits: "5,439,438,272".
std::string WithCommas(int64_t value);
// Formats for people: "12 ns", "238 us", "44 ms", "7.2 s", "12 s", "3 min 05 s", "2 h 10 min".
std::string ReadableSeconds(double seconds);

}  // namespace plelab
