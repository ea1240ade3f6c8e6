#include "harness/plan/turn_order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace plelab {
namespace turn_order_test {

using ::testing::ElementsAre;
using ::testing::UnorderedElementsAreArray;

std::vector<int64_t> Numbers(int64_t n) {
  std::vector<int64_t> numbers(n);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

// How often each ordered pair of different variants occurs in the whole sequence, joints included, counted
// apart from the class.
std::vector<int64_t> PairCounts(const std::vector<int64_t>& sequence, int64_t n) {
  std::vector<int64_t> counts(n * n, 0);
  for (size_t i = 1; i < sequence.size(); ++i) ++counts[sequence[i - 1] * n + sequence[i]];
  std::vector<int64_t> pairs;
  for (int64_t i = 0; i < n * n; ++i) {
    if (i / n != i % n) pairs.push_back(counts[i]);
  }
  return pairs;
}

TEST(TurnOrder, WilliamsBalancesPredecessorsAfterEveryRound) {
  for (int64_t n = 2; n <= 12; ++n) {
    TurnOrder turns(Order::kWilliams, n, 7, n);
    std::vector<int64_t> sequence;
    for (int round = 0; round < 150; ++round) {
      const std::vector<int64_t> order = turns.Next(Numbers(n));
      ASSERT_THAT(order, UnorderedElementsAreArray(Numbers(n)));
      ASSERT_TRUE(sequence.empty() || order.front() != sequence.back()) << "nobody follows itself";
      sequence.insert(sequence.end(), order.begin(), order.end());
      if (n == 2) continue;  // 0 1 0 1 …: the only sequence in which nobody follows itself
      const auto [least, most] = std::ranges::minmax(PairCounts(sequence, n));
      ASSERT_LE(most - least, 2) << n << " variants, round " << round;
    }
  }
}

TEST(TurnOrder, TheCountsAreThoseOfTheSequence) {
  TurnOrder turns(Order::kWilliams, 3, 1, 0);
  std::vector<int64_t> sequence;
  for (int round = 0; round < 10; ++round) {
    for (const int64_t variant : turns.Next(Numbers(3))) sequence.push_back(variant);
  }
  const std::vector<int64_t> pairs = PairCounts(sequence, 3);
  EXPECT_THAT(pairs, ElementsAre(turns.count(0, 1), turns.count(0, 2), turns.count(1, 0), turns.count(1, 2),
                                 turns.count(2, 0), turns.count(2, 1)));
  EXPECT_EQ(std::accumulate(pairs.begin(), pairs.end(), int64_t{0}), 29);
}

TEST(TurnOrder, EachRepetitionStartsElsewhereAndCanBeRepeated) {
  const auto first = [](int64_t seed, int64_t rep) {
    return TurnOrder(Order::kWilliams, 6, seed, rep).Next(Numbers(6));
  };
  EXPECT_EQ(first(3, 1), first(3, 1));
  std::vector<std::vector<int64_t>> seen;
  for (int64_t rep = 0; rep < 8; ++rep) seen.push_back(first(3, rep));
  std::ranges::sort(seen);
  EXPECT_EQ(std::ranges::unique(seen).size(), 0u) << "eight of 720 orders, all different with this seed";
}

TEST(TurnOrder, AFailedVariantIsLeftOutAndTheOthersStayBalanced) {
  TurnOrder turns(Order::kWilliams, 4, 0, 0);
  for (int round = 0; round < 20; ++round) turns.Next(Numbers(4));
  const std::vector<int64_t> live = {0, 1, 3};
  for (int round = 0; round < 90; ++round) {
    EXPECT_THAT(turns.Next(live), UnorderedElementsAreArray(live));
  }
  std::vector<int64_t> counts;
  for (const int64_t a : live) {
    for (const int64_t b : live) {
      if (a != b) counts.push_back(turns.count(a, b));
    }
  }
  const auto [least, most] = std::ranges::minmax(counts);
  EXPECT_LE(most - least, 2);
}

TEST(TurnOrder, OneVariantFollowsItself) {
  TurnOrder turns(Order::kWilliams, 1, 0, 0);
  EXPECT_THAT(turns.Next(Numbers(1)), ElementsAre(0));
  EXPECT_THAT(turns.Next(Numbers(1)), ElementsAre(0));
  EXPECT_EQ(turns.count(0, 0), 1);
}

TEST(TurnOrder, ShuffledGivesEveryPlaceToEveryVariant) {
  TurnOrder turns(Order::kShuffled, 4, 5, 0);
  std::vector<int64_t> first(4, 0);
  for (int round = 0; round < 4000; ++round) ++first[turns.Next(Numbers(4)).front()];
  for (const int64_t count : first) EXPECT_NEAR(count, 1000, 130);  // 4.7 standard deviations
}

}  // namespace turn_order_test
}  // namespace plelab
