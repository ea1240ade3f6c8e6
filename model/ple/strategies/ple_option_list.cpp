#include "model/ple/strategies/ple_option_list.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <type_traits>

#include "model/base/error.h"
#include "model/base/layer_set.h"
#include "model/ple/strategies/capacity.h"

namespace plelab {
namespace {

template <class E, size_t n>
using Names = std::array<std::pair<std::string_view, E>, n>;

constexpr Names<PleStrategy, 5> kStrategies = {{{"resident", PleStrategy::kResident},
                                                {"cached", PleStrategy::kCached},
                                                {"disk", PleStrategy::kDisk},
                                                {"dropped", PleStrategy::kDropped},
                                                {"folded", PleStrategy::kFolded}}};
constexpr Names<PageSize, 2> kPages = {{{"huge", PageSize::kHuge}, {"4k", PageSize::k4KiB}}};
constexpr Names<CachePolicy, 1> kPolicies = {{{"lru", CachePolicy::kLru}}};
constexpr Names<CacheStart, 2> kStarts = {{{"empty", CacheStart::kEmpty}, {"warmed", CacheStart::kWarmed}}};
constexpr Names<IoBackend, 3> kBackends = {
    {{"pread", IoBackend::kPread}, {"direct", IoBackend::kDirect}, {"mmap", IoBackend::kMmap}}};
constexpr Names<bool, 2> kBooleans = {{{"true", true}, {"false", false}}};
constexpr Names<DropMode, 3> kModes = {{{"zero_row", DropMode::kZeroRow},
                                        {"projection_only", DropMode::kProjectionOnly},
                                        {"block_off", DropMode::kBlockOff}}};
constexpr Names<PleTransform, 12> kTransforms = {{{"none", PleTransform::kNone},
                                                  {"zero_layers", PleTransform::kZeroLayers},
                                                  {"mean_layers", PleTransform::kMeanLayers},
                                                  {"shuffled", PleTransform::kShuffled},
                                                  {"previous", PleTransform::kPrevious},
                                                  {"random", PleTransform::kRandom},
                                                  {"shared", PleTransform::kShared},
                                                  {"low_rank", PleTransform::kLowRank},
                                                  {"int8", PleTransform::kInt8},
                                                  {"int4", PleTransform::kInt4},
                                                  {"codebook", PleTransform::kCodebook},
                                                  {"zero_soft", PleTransform::kZeroSoft}}};

template <const auto& kNames>
auto ParseWord(std::string_view full_key, std::string_view value) {
  std::string known;
  for (const auto& [name, item] : kNames) {
    if (name == value) return item;
    known += (known.empty() ? "" : ", ") + std::string(name);
  }
  throw UserError("unknown value '{}' for '{}'; known: {}", value, full_key, known);
}

template <const auto& kNames, class E>
std::string_view WordOf(E wanted) {
  for (const auto& [name, item] : kNames) {
    if (item == wanted) return name;
  }
  throw RunError("an option's value without a name");
}

// An option whose value is one of a few words.
template <auto kField, const auto& kNames>
PleOption Words(std::string_view key, std::vector<PleStrategy> used_by, std::string_view help) {
  std::vector<std::string_view> values;
  for (const auto& [name, item] : kNames) values.push_back(name);
  return {.info = {key, help, std::move(values), std::move(used_by)},
          .set = [](PleOptions& o, std::string_view full_key,
                    std::string_view value) { o.*kField = ParseWord<kNames>(full_key, value); },
          .get = [](const PleOptions& o) { return std::string(WordOf<kNames>(o.*kField)); }};
}

PleOption CapacityOption(std::string_view help) {
  return {.info = {"capacity", help, {}, {PleStrategy::kCached}},
          .set = [](PleOptions& o, std::string_view full_key,
                    std::string_view value) { o.capacity = ParseCapacity(full_key, value); },
          .get = [](const PleOptions& o) { return FormatCapacity(o.capacity); }};
}

// Strategies that have rows to transform.
std::vector<PleStrategy> WithRows() {
  return {PleStrategy::kResident, PleStrategy::kCached, PleStrategy::kDisk};
}

PleOption LayersOption(std::string_view help) {
  return {
      .info = {"layers", help, {}, WithRows(), {PleTransform::kZeroLayers, PleTransform::kMeanLayers}, true},
      .set = [](PleOptions& o, std::string_view full_key,
                std::string_view value) { o.layers = ParseLayers(full_key, value); },
      .get = [](const PleOptions& o) { return FormatLayers(o.layers); }};
}

int64_t ParseWhole(std::string_view full_key, std::string_view value, int64_t least, int64_t most) {
  int64_t number = 0;
  const char* end = value.data() + value.size();
  const auto [rest, error] = std::from_chars(value.data(), end, number);
  if (error == std::errc() && rest == end && number >= least && number <= most) return number;
  throw UserError("'{}' for '{}': expected a whole number from {} to {}", value, full_key, least, most);
}

// A number that some transforms take.
template <auto kField, int64_t kLeast, int64_t kMost>
PleOption Whole(std::string_view key, std::vector<PleTransform> used_with, bool required,
                std::string_view help) {
  return {.info = {key, help, {}, WithRows(), std::move(used_with), required},
          .set = [](PleOptions& o, std::string_view full_key,
                    std::string_view value) { o.*kField = ParseWhole(full_key, value, kLeast, kMost); },
          .get = [](const PleOptions& o) { return Format("{}", o.*kField); }};
}

std::vector<PleOption> TransformOptions() {
  using T = PleTransform;
  constexpr int64_t kMost = 1 << 20;
  return {
      Words<&PleOptions::transform, kTransforms>("transform", WithRows(),
                                                 "what happens to the rows on their way: none (default)"),
      LayersOption("layers, counted from 0: 5, 0-3 or 0-3+7"),
      Whole<&PleOptions::rank, 1, kMost>("rank", {T::kLowRank}, true,
                                         "directions kept in each layer, at most the width of its rows"),
      Whole<&PleOptions::group, 1, kMost>("group", {T::kInt8, T::kInt4}, false,
                                          "values that share a scale: 32 (default)"),
      Whole<&PleOptions::entries, 2, kMost>("entries", {T::kCodebook}, true,
                                            "rows of each layer's codebook, such as 256"),
      Whole<&PleOptions::seed, 0, int64_t{1} << 62>("seed", {T::kShuffled, T::kRandom, T::kCodebook}, false,
                                                    "of what is drawn at random: 0 (default)"),
  };
}

std::vector<PleOption> StrategyOptions() {
  using S = PleStrategy;
  return {
      Words<&PleOptions::strategy, kStrategies>("strategy", {}, "where the rows of the PLE table live"),
      Words<&PleOptions::pages, kPages>("pages", {S::kResident},
                                        "page size of the table in RAM: huge (default) or 4k"),
      CapacityOption("RAM for rows: an amount (64MiB, the default) or a share of the table (5%)"),
      Words<&PleOptions::policy, kPolicies>("policy", {S::kCached},
                                            "which row leaves a full cache: lru (default)"),
      Words<&PleOptions::initial, kStarts>(
          "initial", {S::kCached},
          "how the cache starts: empty (default), or warmed with text from before the prompt"),
      Words<&PleOptions::backend, kBackends>("backend", {S::kDisk},
                                             "how rows are read: pread (default), direct (O_DIRECT) or mmap"),
      Words<&PleOptions::prefetch, kBooleans>(
          "prefetch", {S::kDisk}, "true (default): a thread reads ahead; false: reads happen when needed"),
      Words<&PleOptions::mode, kModes>("mode", {S::kDropped},
                                       "what is left: zero_row (default), projection_only or block_off"),
  };
}

std::vector<PleOption> MakeList() {
  std::vector<PleOption> list = StrategyOptions();
  for (PleOption& option : TransformOptions()) list.push_back(std::move(option));
  list.push_back({.info = {"over",
                           "what a cache or `folded` stands before: disk (default), or its own options",
                           {},
                           {PleStrategy::kCached, PleStrategy::kFolded}},
                  .set = nullptr,
                  .get = nullptr});
  return list;
}

}  // namespace

bool PleOption::IsUsedBy(PleStrategy strategy) const {
  return info.used_by.empty() ||
         std::find(info.used_by.begin(), info.used_by.end(), strategy) != info.used_by.end();
}

bool PleOption::IsUsedWith(PleTransform transform) const {
  return info.used_with.empty() ||
         std::find(info.used_with.begin(), info.used_with.end(), transform) != info.used_with.end();
}

const std::vector<PleOption>& PleOptionList() {
  static const std::vector<PleOption> list = MakeList();
  return list;
}

std::span<const PleOptionInfo> KnownPleOptions() {
  static const std::vector<PleOptionInfo> infos = [] {
    std::vector<PleOptionInfo> all;
    for (const PleOption& option : PleOptionList()) all.push_back(option.info);
    return all;
  }();
  return infos;
}

PleStrategy ParsePleStrategy(std::string_view full_key, std::string_view value) {
  return ParseWord<kStrategies>(full_key, value);
}

std::string_view Name(PleStrategy strategy) { return WordOf<kStrategies>(strategy); }
std::string_view Name(PleTransform transform) { return WordOf<kTransforms>(transform); }

}  // namespace plelab
