#include "model/ple/strategies/ple_options.h"

#include <algorithm>

#include "model/base/error.h"
#include "model/ple/strategies/ple_option_list.h"

namespace plelab {
namespace {

constexpr std::string_view kTransform = "transform";
constexpr std::string_view kOver = "over";
constexpr std::string_view kOverPrefix = "over.";

bool IsBelow(std::string_view key) { return key == kOver || key.starts_with(kOverPrefix); }
// What `over.KEY` says to the source below; `over` alone names its strategy.
std::string_view KeyBelow(std::string_view key) {
  return key == kOver ? "strategy" : key.substr(kOverPrefix.size());
}

template <class Wanted>
std::string KeysWhere(Wanted wanted) {
  std::string keys;
  for (const PleOption& option : PleOptionList()) {
    if (wanted(option)) keys += (keys.empty() ? "" : ", ") + std::string(option.info.key);
  }
  return keys;
}

std::string KeysOf(const PleOptions& options) {
  return KeysWhere([&](const PleOption& option) { return option.IsUsedBy(options); });
}

// `full_key` is what the user wrote, `key` what is left of it below the caches already passed.
const PleOption& Find(std::string_view full_key, std::string_view key) {
  for (const PleOption& option : PleOptionList()) {
    if (option.info.key == key) return option;
  }
  throw UserError("unknown key '{}'; known: {}", full_key, KeysWhere([](const PleOption&) { return true; }));
}

void Set(PleOptions& options, std::string_view full_key, std::string_view key, std::string_view value) {
  if (!IsBelow(key)) return Find(full_key, key).set(options, full_key, value);
  if (options.over == nullptr) options.over = std::make_shared<PleOptions>(PleOptionsBelow(options));
  Set(*options.over, full_key, KeyBelow(key), value);
}

void CheckKey(const PleOptions& options, std::string_view full_key, std::string_view key) {
  const PleOption& option = Find(full_key, IsBelow(key) ? kOver : key);
  if (!option.IsUsedBy(options.strategy)) {
    throw UserError("key '{}' is not an option of '{}'; known: {}", full_key, Name(options.strategy),
                    KeysOf(options));
  }
  if (!option.IsUsedWith(options.transform)) {
    std::vector<std::string_view> names;
    for (PleTransform transform : option.info.used_with) names.push_back(Name(transform));
    throw UserError("key '{}' goes with 'transform: {}' only, found 'transform: {}'", full_key,
                    Join(names, ", "), Name(options.transform));
  }
  if (IsBelow(key)) CheckKey(PleOptionsBelow(options), full_key, KeyBelow(key));
}

// What a transform cannot do without: an option that is required and says nothing.
void CheckTransform(const PleOptions& options) {
  if (options.transform == PleTransform::kNone) return;
  CheckKey(options, kTransform, kTransform);
  for (const PleOption& option : PleOptionList()) {
    if (!option.info.required || !option.IsUsedBy(options)) continue;
    if (option.get(options) != option.get({})) continue;
    throw UserError("'transform: {}' needs '{}': {}", Name(options.transform), option.info.key,
                    option.info.help);
  }
}

// What must not stand below a cache or `folded`.
void CheckBelow(const PleOptions& options, const PleOptions& below) {
  const std::string_view name = Name(options.strategy);
  if (below.strategy == PleStrategy::kDropped || below.strategy == PleStrategy::kFolded) {
    throw UserError("'over: {}' leaves '{}' no rows to hold; known: resident, cached, disk",
                    Name(below.strategy), name);
  }
  if (options.strategy == PleStrategy::kFolded && !IsExact(below)) {
    throw UserError("'folded' holds finished inputs, not rows: none below it may have a 'transform'");
  }
  if (below.transform == PleTransform::kPrevious) {
    throw UserError(
        "'over.transform: previous' stands below a cache, which asks for missing rows in an order of its "
        "own; give the cache itself 'transform: previous'");
  }
}

void Describe(const PleOptions& options, const std::string& prefix,
              std::vector<std::pair<std::string, std::string>>& out) {
  for (const PleOption& option : PleOptionList()) {
    if (!option.IsUsedBy(options)) continue;
    if (option.info.key == kTransform && options.transform == PleTransform::kNone) continue;
    if (option.info.key == kOver) {
      Describe(PleOptionsBelow(options), prefix + std::string(kOverPrefix), out);
    } else {
      out.emplace_back(prefix + std::string(option.info.key), option.get(options));
    }
  }
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
  options.strategy = ParsePleStrategy("strategy", spec.substr(0, end));
  std::vector<std::string> keys = {"strategy"};
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
  CheckTransform(options);
  if (options.strategy != PleStrategy::kCached && options.strategy != PleStrategy::kFolded) return;
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

bool IsExact(const PleOptions& options) {
  if (options.transform != PleTransform::kNone) return false;
  switch (options.strategy) {
    case PleStrategy::kResident:
    case PleStrategy::kDisk:
      return true;
    case PleStrategy::kCached:
      return IsExact(PleOptionsBelow(options));
    case PleStrategy::kDropped:
    case PleStrategy::kFolded:  // equal but for rounding
      return false;
  }
  throw RunError("a strategy without a name");
}

}  // namespace plelab
