#include "model/ple/strategies/option_forms.h"

#include <charconv>

#include "model/base/layer_set.h"
#include "model/base/nearest_word.h"

namespace plelab {

void RefuseWord(std::string_view full_key, std::string_view text,
                const std::vector<std::string_view>& known) {
  throw UserError("unknown value '{}' for '{}'; known: {}{}", text, full_key, Join(known, ", "),
                  DidYouMean(text, known));
}

int64_t WholeNumber::Parse(std::string_view full_key, std::string_view text) const {
  int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc() && rest == end && number >= least && number <= most) return number;
  throw UserError("'{}' for '{}': expected a whole number from {} to {}", text, full_key, least, most);
}

std::string WholeNumber::Write(int64_t value) const { return Format("{}", value); }

std::vector<int64_t> LayerSet::Parse(std::string_view full_key, std::string_view text) const {
  return ParseLayers(full_key, text);
}

std::string LayerSet::Write(const std::vector<int64_t>& layers) const { return FormatLayers(layers); }

Capacity AmountOfMemory::Parse(std::string_view full_key, std::string_view text) const {
  return ParseCapacity(full_key, text);
}

std::string AmountOfMemory::Write(const Capacity& capacity) const { return FormatCapacity(capacity); }

std::string FilePath::Parse(std::string_view full_key, std::string_view text) const {
  if (text.empty()) throw UserError("'{}': expected the path of a file, found nothing", full_key);
  return std::string(text);
}

}  // namespace plelab
