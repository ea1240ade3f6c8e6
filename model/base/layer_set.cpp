#include "model/base/layer_set.h"

#include <algorithm>
#include <charconv>

#include "model/base/error.h"

namespace plelab {
namespace {

constexpr int64_t kMostLayers = 4096;

[[noreturn]] void Refuse(std::string_view key, std::string_view text, std::string_view why) {
  throw UserError("'{}' for '{}': {}; write layers as 5, 0-3 or 0-3+7, counted from 0", text, key, why);
}

// Removes a number from the front of `rest` and returns it.
int64_t TakeNumber(std::string_view key, std::string_view text, std::string_view& rest) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || rest.front() == '-') Refuse(key, text, "expected a layer");
  if (number >= kMostLayers) Refuse(key, text, "no model has that many layers");
  rest.remove_prefix(end - rest.data());
  return number;
}

bool TakeSign(std::string_view& rest, char sign) {
  if (!rest.starts_with(sign)) return false;
  rest.remove_prefix(1);
  return true;
}

}  // namespace

std::vector<int64_t> ParseLayerOrder(std::string_view key, std::string_view text) {
  std::vector<int64_t> layers;
  std::string_view rest = text;
  do {
    const int64_t first = TakeNumber(key, text, rest);
    const int64_t last = TakeSign(rest, '-') ? TakeNumber(key, text, rest) : first;
    if (last < first) Refuse(key, text, "a range that ends before it begins");
    for (int64_t layer = first; layer <= last; ++layer) layers.push_back(layer);
  } while (TakeSign(rest, '+'));
  if (!rest.empty()) Refuse(key, text, "expected '-' or '+' between layers");
  return layers;
}

std::vector<int64_t> ParseLayers(std::string_view key, std::string_view text) {
  std::vector<int64_t> layers = ParseLayerOrder(key, text);
  std::sort(layers.begin(), layers.end());
  if (std::adjacent_find(layers.begin(), layers.end()) != layers.end()) {
    Refuse(key, text, "a layer is there twice");
  }
  return layers;
}

std::string FormatLayers(const std::vector<int64_t>& layers) {
  std::string text;
  for (size_t begin = 0, end = 0; begin < layers.size(); begin = end) {
    for (end = begin + 1; end < layers.size() && layers[end] == layers[end - 1] + 1;) ++end;
    text += Format("{}{}", begin == 0 ? "" : "+", layers[begin]);
    if (end - begin > 1) text += Format("-{}", layers[end - 1]);
  }
  return text;
}

}  // namespace plelab
