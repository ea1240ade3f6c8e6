#include "harness/support/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "model/base/byte_size.h"
#include "model/base/error.h"

namespace plelab {
namespace {

constexpr double kKi = 1024;
constexpr double kK = 1000;
constexpr std::array kTimeUnits{
    AmountUnit{"ns", 1},
    AmountUnit{"us", kK},
    AmountUnit{"ms", kK* kK},
    AmountUnit{"s", kK* kK* kK},
    AmountUnit{"min", 60 * kK* kK* kK},
};

// The number at the start of `text` and the text after it; NaN when there is none.
std::pair<double, std::string_view> SplitNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || !std::isfinite(value)) return {std::numeric_limits<double>::quiet_NaN(), text};
  return {value, text.substr(static_cast<size_t>(end - text.data()))};
}

// In the largest of `names` that leaves 1 or more; each is `factor` of the one before it.
std::string InUnits(int64_t bytes, double factor, const std::array<std::string_view, 5>& names) {
  double value = static_cast<double>(bytes);
  size_t power = 0;
  for (; std::abs(value) >= factor && power + 1 < names.size(); ++power) value /= factor;
  if (power == 0) return Format("{} B", bytes);
  return Format("{:.{}f} {}", value, value < 100 ? 1 : 0, names[power]);
}

}  // namespace

int64_t ParseDurationNs(std::string_view text) { return ParseAmount(text, "a duration", "20us", kTimeUnits); }

double ParseShare(std::string_view text) {
  const auto [value, rest] = SplitNumber(text);
  if (std::isnan(value) || (!rest.empty() && rest != "%")) {
    throw UserError("expected a share such as 5% or 0.05, found '{}'", text);
  }
  return rest == "%" ? value / 100 : value;
}

std::string ReadableBytes(int64_t bytes) { return InUnits(bytes, kKi, {"B", "KiB", "MiB", "GiB", "TiB"}); }

std::string DecimalBytes(int64_t bytes) { return InUnits(bytes, kK, {"B", "kB", "MB", "GB", "TB"}); }

std::string WithCommas(int64_t value) {
  std::string text = Format("{}", value);
  const size_t first = value < 0 ? 1 : 0;
  for (size_t at = text.size(); at > first + 3;) text.insert(at -= 3, 1, ',');
  return text;
}

std::string ReadableSeconds(double seconds) {
  if (seconds < 1e-6) return Format("{:.0f} ns", seconds * 1e9);
  if (seconds < 1e-3) return Format("{:.0f} us", seconds * 1e6);
  if (seconds < 0.9995) return Format("{:.0f} ms", seconds * 1e3);
  if (seconds < 9.95) return Format("{:.1f} s", seconds);
  const int64_t whole = std::llround(seconds);
  if (whole < 60) return Format("{} s", whole);
  if (whole < 3600) return Format("{} min {:02} s", whole / 60, whole % 60);
  return Format("{} h {:02} min", whole / 3600, whole % 3600 / 60);
}

}  // namespace plelab
