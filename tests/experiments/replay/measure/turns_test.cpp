#include "experiments/replay/measure/turns.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace plelab {
namespace {

TEST(Turns, EachTakesOneTurnInEachRound) {
  for (const auto& round : kRounds) {
    EXPECT_EQ(std::set<Turn3>(round.begin(), round.end()).size(), 3u);
  }
}

// The joints between rounds count too.
TEST(Turns, EachFollowsEachOtherEquallyOften) {
  std::map<std::pair<Turn3, Turn3>, int> follows;
  Turn3 before = kRounds.back().back();
  for (const auto& round : kRounds) {
    for (const Turn3 who : round) ++follows[{std::exchange(before, who), who}];
  }
  EXPECT_EQ(follows.size(), 6u);
  for (const auto& [pair, count] : follows) {
    EXPECT_NE(pair.first, pair.second);
    EXPECT_EQ(count, 3);
  }
}

}  // namespace
}  // namespace plelab
