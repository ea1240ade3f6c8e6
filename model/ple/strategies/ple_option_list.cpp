#include "model/ple/strategies/ple_option_list.h"

#include <algorithm>

#include "model/ple/enum_rows.h"
#include "model/ple/strategies/option_forms.h"
#include "model/ple/strategies/strategy_table.h"
#include "model/ple/strategies/transform_table.h"

namespace plelab {
namespace {

template <class T>
void AddMissing(std::vector<T>& list, const std::vector<T>& more) {
  for (const T& item : more) {
    if (std::ranges::find(list, item) == list.end()) list.push_back(item);
  }
}

// Adds an option to the list.  A key has one entry, at the place of the last row that has it.
void Add(std::vector<PleOptionInfo>& infos, const PleOption& option, const std::vector<PleStrategy>& used_by,
         const std::vector<PleTransform>& used_with = {}) {
  PleOptionInfo info{option.key, option.help, option.words, {}, {}, option.required};
  const auto same = std::ranges::find(infos, option.key, &PleOptionInfo::key);
  if (same != infos.end()) {
    info = *same;
    infos.erase(same);
  }
  AddMissing(info.used_by, used_by);
  AddMissing(info.used_with, used_with);
  infos.push_back(std::move(info));
}

template <class Wanted>
std::vector<PleStrategy> StrategiesWhere(Wanted wanted) {
  std::vector<PleStrategy> strategies;
  for (const StrategyRow& row : Strategies()) {
    if (wanted(row)) strategies.push_back(row.strategy);
  }
  return strategies;
}

bool ReadsATable(const StrategyRow& row) { return row.has_rows() || row.reads_folded; }

std::vector<PleOptionInfo> MakeInfos() {
  const auto with_rows = StrategiesWhere([](const StrategyRow& row) { return row.has_rows(); });
  std::vector<PleOptionInfo> infos;
  Add(infos, StrategyOption(), {});
  for (const StrategyRow& row : Strategies()) {
    for (const PleOption& option : row.options) Add(infos, option, {row.strategy});
  }
  Add(infos, TableOption(), StrategiesWhere(ReadsATable));
  Add(infos, TransformOption(), with_rows);
  for (const TransformRow& row : Transforms()) {
    for (const PleOption& option : row.options) Add(infos, option, with_rows, {row.transform});
  }
  infos.push_back({.key = kOverKey,
                   .help = "what a cache or `folded` stands before: disk (default), or its own options",
                   .values = {},
                   .used_by = StrategiesWhere([](const StrategyRow& row) { return row.has_over; })});
  return infos;
}

}  // namespace

const PleOption& StrategyOption() {
  static const PleOption option("strategy", &PleOptions::strategy,
                                OneWordOf<PleStrategy>{NamesOf(Strategies(), &StrategyRow::strategy)},
                                "where the rows of the PLE table live");
  return option;
}

const PleOption& TransformOption() {
  static const PleOption option("transform", &PleOptions::transform,
                                OneWordOf<PleTransform>{NamesOf(Transforms(), &TransformRow::transform)},
                                "what happens to the rows on their way: none (default)");
  return option;
}

const PleOption& TableOption() {
  static const PleOption option("table", &PleOptions::table, FilePath{},
                                "a folder whose table is read in place of the checkpoint's (plelab pack)");
  return option;
}

std::vector<const PleOption*> OptionsNamed(std::string_view key) {
  std::vector<const PleOption*> found;
  const auto take = [&](const PleOption& option) {
    if (option.key == key) found.push_back(&option);
  };
  take(StrategyOption());
  take(TransformOption());
  take(TableOption());
  for (const StrategyRow& row : Strategies()) std::ranges::for_each(row.options, take);
  for (const TransformRow& row : Transforms()) std::ranges::for_each(row.options, take);
  return found;
}

std::vector<const PleOption*> OptionsUsedBy(const PleOptions& options) {
  const StrategyRow& strategy = RowOf(options.strategy);
  std::vector<const PleOption*> used = {&StrategyOption()};
  for (const PleOption& option : strategy.options) {
    if (!option.fits || option.fits(options)) used.push_back(&option);
  }
  if (ReadsATable(strategy)) used.push_back(&TableOption());
  if (!strategy.has_rows()) return used;
  used.push_back(&TransformOption());
  for (const PleOption& option : RowOf(options.transform).options) used.push_back(&option);
  return used;
}

std::span<const PleOptionInfo> KnownPleOptions() {
  static const std::vector<PleOptionInfo> infos = MakeInfos();
  return infos;
}

}  // namespace plelab
