#include "model/ple/capacity.h"

#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "model/base/error.h"

namespace plelab {
namespace {

constexpr int64_t kKiB = 1024;
constexpr std::array<std::pair<std::string_view, int64_t>, 5> kUnits = {{{"TiB", kKiB* kKiB* kKiB* kKiB},
                                                                         {"GiB", kKiB* kKiB* kKiB},
                                                                         {"MiB", kKiB* kKiB},
                                                                         {"KiB", kKiB},
                                                                         {"B", 1}}};
constexpr double kMostBytes = 9e18;  // below 2^63

[[noreturn]] void Refuse(std::string_view key, std::string_view text, std::string_view why) {
  throw UserError(
      "'{}' for '{}': {}; write bytes with a unit (B, KiB, MiB, GiB, TiB) or a share of the table (5%)", text,
      key, why);
}

Capacity Share(std::string_view key, std::string_view text, double percent) {
  if (percent > 100) Refuse(key, text, "more than the table");
  Capacity capacity;
  capacity.bytes = 0;
  capacity.share_of_table = percent / 100;
  return capacity;
}

}  // namespace

int64_t Capacity::Resolve(int64_t table_bytes) const {
  if (share_of_table <= 0) return bytes;
  return std::llround(share_of_table * static_cast<double>(table_bytes));
}

Capacity ParseCapacity(std::string_view key, std::string_view text) {
  double number = 0;
  const auto [rest, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !std::isfinite(number)) Refuse(key, text, "not a number");
  if (number < 0) Refuse(key, text, "negative");
  const std::string_view unit(rest, text.data() + text.size() - rest);
  if (unit == "%") return Share(key, text, number);
  if (unit.empty() && number == 0) return Capacity{.bytes = 0, .share_of_table = 0};
  for (const auto& [name, size] : kUnits) {
    if (name != unit) continue;
    const double bytes = number * static_cast<double>(size);
    if (bytes > kMostBytes) Refuse(key, text, "too large");
    return Capacity{.bytes = std::llround(bytes), .share_of_table = 0};
  }
  Refuse(key, text, unit.empty() ? "no unit" : "unknown unit");
}

std::string FormatCapacity(const Capacity& capacity) {
  if (capacity.share_of_table > 0) return Format("{:.12g}%", capacity.share_of_table * 100);
  if (capacity.bytes == 0) return "0";
  for (const auto& [name, size] : kUnits) {
    if (capacity.bytes % size == 0) return Format("{}{}", capacity.bytes / size, name);
  }
  return Format("{}B", capacity.bytes);
}

}  // namespace plelab
