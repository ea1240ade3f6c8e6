#include "model/base/byte_size.h"

#include <array>
#include <charconv>
#include <cmath>

#include "model/base/error.h"

namespace plelab {
namespace {

constexpr double kKi = 1024;
constexpr double kK = 1000;
constexpr std::array kByteUnits{
    AmountUnit{"B", 1},
    AmountUnit{"KiB", kKi},
    AmountUnit{"MiB", kKi* kKi},
    AmountUnit{"GiB", kKi* kKi* kKi},
    AmountUnit{"TiB", kKi* kKi* kKi* kKi},
    AmountUnit{"kB", kK},
    AmountUnit{"KB", kK},
    AmountUnit{"MB", kK* kK},
    AmountUnit{"GB", kK* kK* kK},
    AmountUnit{"TB", kK* kK* kK* kK},
};

std::string Names(std::span<const AmountUnit> units) {
  std::string names;
  for (const AmountUnit& unit : units) names += (names.empty() ? "" : ", ") + std::string(unit.name);
  return names;
}

}  // namespace

int64_t ParseAmount(std::string_view text, std::string_view what, std::string_view example,
                    std::span<const AmountUnit> units) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  std::string_view unit_name = text.substr(static_cast<size_t>(end - text.data()));
  while (unit_name.starts_with(' ')) unit_name.remove_prefix(1);
  if (error != std::errc() || !std::isfinite(value) || value < 0) {
    throw UserError("expected {} such as {}, found '{}'; units: {}", what, example, text, Names(units));
  }
  if (value == 0 && unit_name.empty()) return 0;
  for (const AmountUnit& unit : units) {
    if (unit.name != unit_name) continue;
    const double amount = std::round(value * unit.factor);
    if (amount >= 9.2e18) throw UserError("{} '{}' is more than 64 bits hold", what, text);
    return static_cast<int64_t>(amount);
  }
  if (unit_name.empty()) {
    throw UserError("{} '{}' needs a unit, such as {}; units: {}", what, text, example, Names(units));
  }
  throw UserError("unknown unit '{}' in {} '{}'; units: {}", unit_name, what, text, Names(units));
}

int64_t ParseBytes(std::string_view text) {
  return ParseAmount(text, "an amount of memory", "64MiB", kByteUnits);
}

std::string FormatBytes(int64_t bytes) {
  using Names = std::array<std::string_view, 5>;
  constexpr Names kBinary{"B", "KiB", "MiB", "GiB", "TiB"}, kDecimal{"B", "kB", "MB", "GB", "TB"};
  if (bytes == 0) return "0";
  const auto in_units = [&](int64_t base, const Names& names) {
    int64_t amount = bytes;
    size_t power = 0;
    for (; amount % base == 0 && power + 1 < names.size(); ++power) amount /= base;
    return std::pair(amount, names[power]);
  };
  const auto binary = in_units(1024, kBinary), decimal = in_units(1000, kDecimal);
  const auto& [amount, name] = decimal.first < binary.first ? decimal : binary;
  return Format("{}{}", amount, name);
}

}  // namespace plelab
