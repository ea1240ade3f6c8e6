// What must hold for every row of the tables of strategies, transforms and cache policies, old or new.
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>

#include "model/ple/policies/cache_policies.h"
#include "model/ple/strategies/strategy_table.h"
#include "model/ple/strategies/transform_table.h"

namespace plelab {
namespace tables_test {

template <class Rows, class E>
void ExpectComplete(const Rows& rows, E first_value) {
  std::set<std::string_view> names;
  auto value = static_cast<int>(first_value);
  for (const auto& row : rows) {
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_FALSE(row.help.empty()) << row.name;
    EXPECT_EQ(&RowOf(static_cast<E>(value++)), &row) << row.name << " is not in the order of its enumeration";
  }
}

TEST(PleTables, HaveARowForEachValueInItsOrder) {
  ExpectComplete(Strategies(), PleStrategy());
  ExpectComplete(Transforms(), PleTransform());
  ExpectComplete(CachePolicies(), CachePolicy());
}

TEST(PleTables, SayWhatEveryStrategyHoldsAndHowItIsMade) {
  for (const StrategyRow& row : Strategies()) {
    EXPECT_TRUE(row.footprint) << row.name;
    EXPECT_TRUE(row.make) << row.name;
  }
}

TEST(PleTables, GiveEachKeyOneMeaning) {
  std::map<std::string_view, const PleOption*> known;
  const auto check = [&](const PleOption& option) {
    const PleOption& first = *known.emplace(option.key, &option).first->second;
    EXPECT_EQ(option.help, first.help) << option.key;
    EXPECT_EQ(option.words, first.words) << option.key;
    EXPECT_EQ(option.required, first.required) << option.key;
    EXPECT_EQ(option.get({}), first.get({})) << option.key;
  };
  for (const StrategyRow& row : Strategies()) std::ranges::for_each(row.options, check);
  const auto of_strategies = known;
  for (const TransformRow& row : Transforms()) {
    for (const PleOption& option : row.options) {
      EXPECT_FALSE(of_strategies.contains(option.key)) << option.key;
      check(option);
    }
  }
  for (const char* key : {"strategy", "transform", "over"}) EXPECT_FALSE(known.contains(key));
}

TEST(PleTables, BeginWithTheBaseline) {
  EXPECT_TRUE(IsExact({}));
  EXPECT_EQ(Name(PleOptions().strategy), "resident");
  EXPECT_EQ(Name(PleOptions().transform), "none");
}

}  // namespace tables_test
}  // namespace plelab
