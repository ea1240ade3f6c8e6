#include "model/ple/strategies/ple_options.h"

#include <algorithm>

#include "model/base/error.h"
#include "model/base/nearest_word.h"
#include "model/ple/strategies/ple_option_list.h"
#include "model/ple/strategies/strategy_table.h"
#include "model/ple/strategies/transform_table.h"

namespace plelab {
namespace {

constexpr std::string_view kOverPrefix = "over.";

bool IsBelow(std::string_view key) { return key == kOverKey || key.starts_with(kOverPrefix); }
// The key that `over.KEY` sets in the source below; `over` alone sets its strategy.
std::string_view KeyBelow(std::string_view key) {
  return key == kOverKey ? StrategyOption().key : key.substr(kOverPrefix.size());
}

// The part of `full_key` before `key`, such as "over.over.".
std::string_view PrefixOf(std::string_view full_key, std::string_view key) {
  return full_key.substr(0, full_key.size() - key.size());
}

std::string KeysOf(const PleOptions& options) {
  std::vector<std::string_view> keys;
  for (const PleOption* option : OptionsUsedBy(options)) keys.push_back(option->key);
  if (RowOf(options.strategy).has_over) keys.push_back(kOverKey);
  return Join(keys, ", ");
}

// `full_key` is the key as the user wrote it; `key` is the rest of it, without the `over.` of sources already
// passed.
[[noreturn]] void RefuseKey(std::string_view full_key, std::string_view key) {
  std::vector<std::string_view> keys;
  std::vector<std::string> full_keys;
  for (const PleOptionInfo& option : KnownPleOptions()) {
    keys.push_back(option.key);
    full_keys.push_back(Format("{}{}", PrefixOf(full_key, key), option.key));
  }
  const std::vector<std::string_view> near(full_keys.begin(), full_keys.end());
  throw UserError("unknown key '{}'; known: {}{}", full_key, Join(keys, ", "), DidYouMean(full_key, near));
}

void Set(PleOptions& options, std::string_view full_key, std::string_view key, std::string_view value) {
  if (IsBelow(key)) {
    auto below = std::make_shared<PleOptions>(PleOptionsBelow(options));
    Set(*below, full_key, KeyBelow(key), value);
    options.over = std::move(below);
    return;
  }
  const std::vector<const PleOption*> named = OptionsNamed(key);
  if (named.empty()) RefuseKey(full_key, key);
  for (const PleOption* option : named) option->set(options, full_key, value);
}

std::vector<std::string_view> TransformsWith(std::string_view key) {
  std::vector<std::string_view> names;
  for (const TransformRow& row : Transforms()) {
    if (std::ranges::find(row.options, key, &PleOption::key) != row.options.end()) names.push_back(row.name);
  }
  return names;
}

// Throws the error for a key that the strategy and the transform do not use.
[[noreturn]] void RefuseUnused(const PleOptions& options, std::string_view full_key, std::string_view key) {
  for (const PleOption& option : RowOf(options.strategy).options) {
    if (option.key == key) throw UserError("key '{}' goes with {}", full_key, option.goes_with);
  }
  const std::vector<std::string_view> transforms = TransformsWith(key);
  if (!RowOf(options.strategy).has_rows() || transforms.empty()) {
    throw UserError("key '{}' is not an option of '{}'; known: {}", full_key, Name(options.strategy),
                    KeysOf(options));
  }
  throw UserError("key '{}' goes with 'transform: {}' only, found 'transform: {}'", full_key,
                  Join(transforms, ", "), Name(options.transform));
}

void CheckKey(const PleOptions& options, std::string_view full_key, std::string_view key) {
  if (IsBelow(key)) {
    if (!RowOf(options.strategy).has_over) RefuseUnused(options, full_key, key);
    return CheckKey(PleOptionsBelow(options), full_key, KeyBelow(key));
  }
  if (OptionsNamed(key).empty()) RefuseKey(full_key, key);
  const auto used = OptionsUsedBy(options);
  const auto is_it = [&](const PleOption* option) { return option->key == key; };
  if (std::ranges::none_of(used, is_it)) RefuseUnused(options, full_key, key);
}

// Throws UserError when an option that the strategy or the transform requires was not given.
void CheckRequired(const PleOptions& options) {
  if (options.transform != PleTransform()) CheckKey(options, TransformOption().key, TransformOption().key);
  for (const PleOption* option : OptionsUsedBy(options)) {
    if (!option->required || option->get(options) != option->get({})) continue;
    if (!option->goes_with.empty()) {
      throw UserError("{} needs '{}': {}", option->goes_with, option->key, option->help);
    }
    const std::string_view whose = TransformsWith(option->key).empty() ? "strategy" : "transform";
    throw UserError("'{}: {}' needs '{}': {}", whose,
                    whose == "strategy" ? Name(options.strategy) : Name(options.transform), option->key,
                    option->help);
  }
}

// Throws UserError for sources that must not stand below a cache or `folded`.
void CheckBelow(const PleOptions& options, const PleOptions& below) {
  const StrategyRow& row = RowOf(options.strategy);
  if (!RowOf(below.strategy).has_rows()) {
    std::vector<std::string_view> known;
    for (const StrategyRow& other : Strategies()) {
      if (other.has_rows()) known.push_back(other.name);
    }
    throw UserError("'over: {}' leaves '{}' no rows to hold; known: {}", Name(below.strategy), row.name,
                    Join(known, ", "));
  }
  if (row.reads_folded && !IsExact(below)) {
    throw UserError("'{}' holds finished inputs, not rows: none below it may have a 'transform'", row.name);
  }
  if (!below.table.empty()) {
    throw UserError("'over.table' stands below '{0}'; give '{0}' itself 'table: {1}'", row.name, below.table);
  }
  if (RowOf(below.transform).looks_back) {
    throw UserError(
        "'over.transform: {0}' stands below a cache, which asks for missing rows in an order of its own; "
        "give the cache itself 'transform: {0}'",
        Name(below.transform));
  }
}

void Describe(const PleOptions& options, const std::string& prefix,
              std::vector<std::pair<std::string, std::string>>& out) {
  for (const PleOption* option : OptionsUsedBy(options)) {
    if (option == &TransformOption() && options.transform == PleTransform()) continue;
    std::string text = option->get(options);
    if (!text.empty()) out.emplace_back(prefix + std::string(option->key), std::move(text));
  }
  if (!RowOf(options.strategy).has_over) return;
  Describe(PleOptionsBelow(options), prefix + std::string(kOverPrefix), out);
}

// Reads one `key=value` of a SPEC; returns the key.
std::string SetFromSpec(PleOptions& options, std::string_view item) {
  const size_t equals = item.find('=');
  if (equals == std::string_view::npos) {
    throw UserError("expected key=value, found '{}'; known keys: {}", item, KeysOf(options));
  }
  SetPleOption(options, item.substr(0, equals), item.substr(equals + 1));
  return std::string(item.substr(0, equals));
}

PleOptions ParseSpecText(std::string_view spec) {
  PleOptions options;
  size_t end = std::min(spec.find(','), spec.size());
  SetPleOption(options, StrategyOption().key, spec.substr(0, end));
  std::vector<std::string> keys = {std::string(StrategyOption().key)};
  while (end < spec.size()) {
    const size_t begin = end + 1;
    end = std::min(spec.find(',', begin), spec.size());
    std::string key = SetFromSpec(options, spec.substr(begin, end - begin));
    if (std::find(keys.begin(), keys.end(), key) != keys.end())
      throw UserError("key '{}' is given twice", key);
    keys.push_back(std::move(key));
  }
  CheckPleOptions(options, keys);
  return options;
}

}  // namespace

void SetPleOption(PleOptions& options, std::string_view key, std::string_view value) {
  Set(options, key, key, value);
}

void CheckPleOptions(const PleOptions& options, const std::vector<std::string>& given_keys) {
  for (const std::string& key : given_keys) CheckKey(options, key, key);
  CheckRequired(options);
  if (!RowOf(options.strategy).has_over) return;
  CheckBelow(options, PleOptionsBelow(options));
  CheckPleOptions(PleOptionsBelow(options), {});
}

PleOptions ParsePleSpec(std::string_view spec) {
  try {
    return ParseSpecText(spec);
  } catch (const UserError& error) {
    throw UserError("PLE spec '{}': {}", spec, error.what());
  }
}

std::vector<std::pair<std::string, std::string>> DescribePleOptions(const PleOptions& options) {
  std::vector<std::pair<std::string, std::string>> description;
  Describe(options, "", description);
  return description;
}

const PleOptions& PleOptionsBelow(const PleOptions& options) {
  static const PleOptions disk{.strategy = PleStrategy::kDisk};
  return options.over != nullptr ? *options.over : disk;
}

std::string_view Name(PleStrategy strategy) { return RowOf(strategy).name; }
std::string_view Name(PleTransform transform) { return RowOf(transform).name; }

bool IsExact(const PleOptions& options) {
  const StrategyRow& row = RowOf(options.strategy);
  if (options.transform != PleTransform() || row.exactness != Exactness::kExact) return false;
  return !row.has_over || IsExact(PleOptionsBelow(options));
}

bool IsExactButForRounding(const PleOptions& options) {
  return RowOf(options.strategy).exactness == Exactness::kButRounding;
}

bool ReadsFoldedTable(const PleOptions& options) { return RowOf(options.strategy).reads_folded; }

bool LooksBack(const PleOptions& options) { return RowOf(options.transform).looks_back; }

}  // namespace plelab
