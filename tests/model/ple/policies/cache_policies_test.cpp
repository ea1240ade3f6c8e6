#include "model/ple/policies/cache_policies.h"

#include <gtest/gtest.h>

#include <set>

#include "model/ple/policies/static_hot.h"
#include "model/ple/replay/replay.h"
#include "tests/support/row_streams.h"

namespace plelab {
namespace cache_policies_test {

constexpr int64_t kVocab = 40;

// What holds for every policy, old or new.
class EveryPolicy : public ::testing::TestWithParam<CachePolicyRow> {
 protected:
  static std::unique_ptr<EvictionPolicy> Make(int64_t capacity) {
    return GetParam().make(capacity, UnequalRows(200, kVocab, 77));
  }
};

// Keeps, by the policy's answers alone, which row lies in which slot.
TEST_P(EveryPolicy, SaysTruthfullyWhichRowIsInWhichSlot) {
  for (const int64_t capacity : {0, 1, 2, 7, 39, 40}) {
    const auto policy = Make(capacity);
    std::vector<int64_t> row_in(capacity, EvictionPolicy::kNone);
    for (const int64_t row : UnequalRows(3000, kVocab, 3)) {
      const auto expected = std::find(row_in.begin(), row_in.end(), row);
      const bool held = expected != row_in.end();
      ASSERT_EQ(policy->Find(row), held ? expected - row_in.begin() : EvictionPolicy::kNone);
      ASSERT_EQ(policy->Touch(row), held ? expected - row_in.begin() : EvictionPolicy::kNone);
      if (held) continue;
      const bool full = policy->held() == capacity;
      const auto [slot, victim] = policy->Admit(row);
      if (slot == EvictionPolicy::kNone) {
        ASSERT_EQ(victim, EvictionPolicy::kNone);
        continue;
      }
      ASSERT_TRUE(slot >= 0 && slot < capacity);
      ASSERT_EQ(victim, row_in[slot]);
      ASSERT_EQ(victim == EvictionPolicy::kNone, !full) << "a row leaves only where there is no room";
      row_in[slot] = row;
    }
    const auto held = capacity - std::count(row_in.begin(), row_in.end(), EvictionPolicy::kNone);
    EXPECT_EQ(policy->held(), held);
    EXPECT_EQ(policy->capacity(), capacity);
  }
}

TEST_P(EveryPolicy, LookingIsNotAUse) {
  const auto stream = UnequalRows(2000, kVocab, 8);
  const auto looked_at = Make(9), untouched = Make(9);
  std::vector<uint8_t> hits;
  for (const int64_t row : stream) {
    for (int64_t other = 0; other < kVocab; ++other) looked_at->Find(other);
    const bool hit = looked_at->Touch(row) != EvictionPolicy::kNone;
    if (!hit) looked_at->Admit(row);
    hits.push_back(hit ? 1 : 0);
  }
  EXPECT_EQ(hits, Replay(*untouched, stream));
}

TEST_P(EveryPolicy, HitsMoreThanHalfOfTheUsesThatTheMostFrequentRowsHave) {
  const auto stream = UnequalRows(5000, kVocab, 4);
  const auto hot = MostFrequentRows(stream, 10);
  const std::set<int64_t> frequent(hot.begin(), hot.end());
  int64_t most = 0, hits = 0;
  for (const int64_t row : stream) most += frequent.contains(row) ? 1 : 0;
  const auto policy = Make(10);
  for (const uint8_t hit : Replay(*policy, stream)) hits += hit;
  EXPECT_GT(hits, most / 2);
  EXPECT_LE(hits, 5000 - kVocab + 10);
}

INSTANTIATE_TEST_SUITE_P(CachePolicies, EveryPolicy, ::testing::ValuesIn(CachePolicies()),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace cache_policies_test
}  // namespace plelab
