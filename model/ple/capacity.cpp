#include "model/ple/capacity.h"

#include <charconv>
#include <cmath>

#include "model/base/byte_size.h"
#include "model/base/error.h"

namespace plelab {
namespace {

Capacity ShareOfTable(std::string_view key, std::string_view text) {
  double percent = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), percent, std::chars_format::fixed);
  const bool whole = error == std::errc() && end == text.data() + text.size() - 1;
  if (whole && percent >= 0 && percent <= 100) return {.bytes = 0, .share_of_table = percent / 100};
  throw UserError("'{}' for '{}': expected a share of the table from 0% to 100%, or an amount such as 512KiB",
                  text, key);
}

}  // namespace

int64_t Capacity::Resolve(int64_t table_bytes) const {
  if (share_of_table <= 0) return bytes;
  return std::llround(share_of_table * static_cast<double>(table_bytes));
}

Capacity ParseCapacity(std::string_view key, std::string_view text) {
  if (text.ends_with('%')) return ShareOfTable(key, text);
  try {
    return {.bytes = ParseBytes(text), .share_of_table = 0};
  } catch (const UserError& error) {
    throw UserError("'{}' for '{}': {}; write an amount such as 512KiB, or a share of the table (5%)", text,
                    key, error.what());
  }
}

std::string FormatCapacity(const Capacity& capacity) {
  if (capacity.share_of_table > 0) return Format("{:.12g}%", capacity.share_of_table * 100);
  return FormatBytes(capacity.bytes);
}

}  // namespace plelab
