#include "harness/config/yaml_reader.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <utility>

#include "harness/support/units.h"
#include "model/base/byte_size.h"
#include "model/base/error.h"
#include "model/base/layer_set.h"
#include "model/base/nearest_word.h"

namespace plelab {
namespace {

[[noreturn]] void Fail(const YamlNode& node, const FieldName& name, std::string_view expected) {
  const std::string found = node.quoted ? Format("text \"{}\"", node.scalar) : node.Describe();
  throw UserError("{}: '{}' in '{}': expected {}, found {}", node.place, name.key, name.section, expected,
                  found);
}

template <class T>
bool ParseNumber(const YamlNode& node, T& value) {
  const std::string& text = node.scalar;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return node.is_scalar() && !node.quoted && error == std::errc() && end == text.data() + text.size();
}

std::string Range(const Rule& rule) {
  if (std::isinf(rule.max)) return std::isinf(rule.min) ? "" : Format(" of at least {}", rule.min);
  // Prints whole numbers in full; {} would print 1048576 as 1.04858e+06.
  return Format(" from {:.15g} to {:.15g}", rule.min, rule.max);
}

// The items of a list, or the single value that stands in place of a list.
std::vector<YamlNode> ItemsOf(const YamlNode& node) {
  return node.is_list() ? node.items : std::vector<YamlNode>{node};
}

}  // namespace

void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule, int64_t& value) {
  const std::string expected = "a whole number" + Range(rule);
  int64_t parsed = 0;
  if (!ParseNumber(node, parsed)) Fail(node, name, expected);
  if (static_cast<double>(parsed) < rule.min || static_cast<double>(parsed) > rule.max)
    Fail(node, name, expected);
  value = parsed;
}

void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule, double& value) {
  const std::string expected = (rule.share ? "a share, such as 5% or 0.05," : "a number") + Range(rule);
  double parsed = 0;
  if (rule.share && node.is_scalar() && !node.quoted && node.scalar.ends_with('%')) {
    try {
      parsed = ParseShare(node.scalar);
    } catch (const UserError&) {
      Fail(node, name, expected);
    }
  } else if (!ParseNumber(node, parsed) || !std::isfinite(parsed)) {
    Fail(node, name, expected);
  }
  if (parsed < rule.min || parsed > rule.max) Fail(node, name, expected);
  value = parsed;
}

void ReadValue(const YamlNode& node, const FieldName& name, const Rule&, bool& value) {
  const bool is_bool = node.is_scalar() && !node.quoted && (node.scalar == "true" || node.scalar == "false");
  if (!is_bool) Fail(node, name, "true or false");
  value = node.scalar == "true";
}

void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule, std::string& value) {
  if (!node.is_scalar()) Fail(node, name, "text");
  if (rule.required && node.scalar.empty()) Fail(node, name, "text that is not empty");
  if (!rule.words.empty()) ReadWord(node, name, rule.words);
  value = node.scalar;
}

void ReadValue(const YamlNode& node, const FieldName& name, const Rule&, std::vector<std::string>& value) {
  const auto is_text = [](const YamlNode& item) { return item.is_scalar() && !item.scalar.empty(); };
  if (!node.is_list() || !std::ranges::all_of(node.items, is_text)) Fail(node, name, "a list such as [a, b]");
  value.clear();
  for (const YamlNode& item : node.items) value.push_back(item.scalar);
}

void ReadValue(const YamlNode& node, const FieldName& name, const Rule&, std::vector<int64_t>& value) {
  std::vector<int64_t> layers;
  for (const YamlNode& item : ItemsOf(node)) {
    if (!item.is_scalar()) Fail(item, name, "layers such as 5, 0-3, 0-3+7 or [0-3, 7]");
    try {
      std::ranges::copy(ParseLayerOrder(name.key, item.scalar), std::back_inserter(layers));
    } catch (const UserError& error) {
      throw UserError("{}: {}", item.place, error.what());
    }
  }
  if (layers.empty()) Fail(node, name, "at least one layer");
  value = std::move(layers);
}

void ReadValue(const YamlNode& node, const FieldName& name, const Rule&, std::vector<FfnWidth>& value) {
  std::vector<FfnWidth> widths;
  for (const YamlNode& item : ItemsOf(node)) {
    FfnWidth width;
    int64_t units = 0;
    if (ParseNumber(item, units) && units > 1) {
      width.units = units;
    } else {
      ReadValue(item, name, Share(0, 1), width.share);
    }
    if (width.share == 0) Fail(item, name, "a share above 0, such as 50%, or a number of units");
    widths.push_back(width);
  }
  if (widths.empty()) Fail(node, name, "at least one width");
  value = std::move(widths);
}

void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule, ByteCount& value) {
  int64_t bytes = 0;
  try {
    if (!node.is_scalar()) Fail(node, name, "an amount such as 64MiB");
    bytes = ParseBytes(node.scalar);
  } catch (const UserError&) {
    Fail(node, name, "an amount such as 64MiB");
  }
  if (static_cast<double>(bytes) < rule.min || static_cast<double>(bytes) > rule.max) {
    Fail(node, name, Format("an amount of at least {}", ReadableBytes(static_cast<int64_t>(rule.min))));
  }
  value.bytes = bytes;
}

void ReadValue(const YamlNode& node, const FieldName& name, const Rule& rule, Duration& value) {
  const std::string expected = Format("a time such as 200us, at most {}", ReadableSeconds(rule.max * 1e-9));
  int64_t ns = 0;
  try {
    if (!node.is_scalar()) Fail(node, name, expected);
    ns = ParseDurationNs(node.scalar);
  } catch (const UserError&) {
    Fail(node, name, expected);
  }
  if (static_cast<double>(ns) < rule.min || static_cast<double>(ns) > rule.max) Fail(node, name, expected);
  value.ns = ns;
}

size_t ReadWord(const YamlNode& node, const FieldName& name, const std::vector<std::string_view>& words) {
  const auto found = node.is_scalar() ? std::ranges::find(words, node.scalar) : words.end();
  if (found == words.end()) Fail(node, name, Format("one of {}", Join(words, ", ")));
  return static_cast<size_t>(found - words.begin());
}

void RefuseWord(const YamlNode& node, const FieldName& name, std::string_view word, std::string_view advice) {
  if (!node.is_scalar() || node.scalar != word) return;
  throw UserError("{}: '{}' in '{}': '{}' is gone: {}", node.place, name.key, name.section, word, advice);
}

void CheckKeys(const YamlNode& node, std::string_view section, const std::vector<std::string>& known) {
  if (!node.is_map())
    throw UserError("{}: '{}': expected a map, found {}", node.place, section, node.Describe());
  for (const YamlEntry& entry : node.entries) {
    if (std::ranges::find(known, entry.key) != known.end()) continue;
    const std::vector<std::string_view> words(known.begin(), known.end());
    throw UserError("{}: unknown key '{}' in '{}'; known: {}{}", entry.place, entry.key, section,
                    Join(known, ", "), DidYouMean(entry.key, words));
  }
}

void RequireKey(const YamlNode& node, std::string_view section, std::string_view key) {
  if (!node.Find(key)) throw UserError("{}: missing key '{}' in '{}'", node.place, key, section);
}

}  // namespace plelab
