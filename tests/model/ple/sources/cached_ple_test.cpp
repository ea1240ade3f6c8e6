#include "model/ple/sources/cached_ple.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <list>
#include <random>

#include "model/base/format.h"
#include "model/ple/policies/cache_policies.h"
#include "model/ple/replay/replay.h"
#include "model/ple/strategies/strategy_table.h"
#include "tests/support/fake_file.h"
#include "tests/support/ple_table.h"
#include "tests/support/row_streams.h"
#include "tests/support/temp_file.h"

namespace plelab {
namespace cached_ple_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr PleGeometry kGeometry{.vocab = 50, .layers = 3, .dim = 8, .dtype = DType::kFloat32};
const int64_t kRowBytes = kGeometry.row_bytes();

// A cache of `rows` rows over a fake disk, with short methods for the tests.
class Cache {
 public:
  explicit Cache(int64_t rows, std::vector<int64_t> warm = {},
                 std::string_view options = "initial=warmed,over.prefetch=false") {
    const auto spec = Format("cached,capacity={}B,{}", rows * kRowBytes, options);
    source = MakePleSource(ParsePleSpec(spec), bytes.At("fake"),
                           {.warm_ids = warm, .open = FakeDisk::Opener(disk)});
  }
  // Requests the ids, checks every byte, and returns the number of lookups that hit.
  int64_t Ask(const std::vector<int64_t>& ids) {
    const PleStats before = source->stats();
    const auto request = source->Begin(ids);
    EXPECT_EQ(AllLayers(*request, kGeometry.layers), AllLayersExpected(bytes, ids));
    const PleStats asked = source->stats() - before;
    EXPECT_EQ(asked.lookups, std::ssize(ids));
    EXPECT_EQ(asked.hits + asked.misses, asked.lookups);
    return asked.hits;
  }
  bool Holds(int64_t id) { return Ask({id}) == 1; }

  const TableBytes bytes{kGeometry};
  const std::shared_ptr<FakeDisk> disk = std::make_shared<FakeDisk>(bytes.file);
  std::unique_ptr<PleSource> source;
};

TEST(CachedPle, HitsWhatItHolds) {
  Cache cache(3);
  EXPECT_EQ(cache.Ask({7}), 0);
  EXPECT_EQ(cache.Ask({7}), 1);
  EXPECT_EQ(cache.Ask({7, 8, 7}), 2);
  EXPECT_EQ(cache.Ask({8, 7, 8}), 3);
  EXPECT_EQ(cache.source->stats().read_calls, 2);
  EXPECT_EQ(cache.source->stats().bytes_asked, 2 * kRowBytes);
}

TEST(CachedPle, EvictsTheLeastRecentlyUsedRow) {
  Cache cache(3);
  for (int64_t id : {1, 2, 3, 1, 4}) cache.Ask({id});  // evicts 2
  EXPECT_EQ(cache.Ask({1, 3, 4}), 3);
  EXPECT_FALSE(cache.Holds(2));  // loads 2 again and evicts 1, which was used before 3 and 4
  EXPECT_EQ(cache.Ask({2, 3, 4}), 3);
  EXPECT_FALSE(cache.Holds(1));
}

TEST(CachedPle, RowsGrowOldInTheOrderOfTheIdsOfARequest) {
  Cache cache(3);
  cache.Ask({1, 2, 3});
  cache.Ask({3, 2, 1});  // 3 is now the least recently used
  cache.Ask({9});
  EXPECT_EQ(cache.Ask({2, 1, 9}), 3);
  cache.Ask({2, 30, 1});  // a miss among hits evicts 9; the order is then 2, 30, 1
  EXPECT_EQ(cache.Ask({2, 30, 1}), 3);
}

TEST(CachedPle, RepeatsOfAMissedIdAreMissesAndReadOnce) {
  Cache cache(5);
  EXPECT_EQ(cache.Ask({4, 4, 4, 6}), 0);
  EXPECT_EQ(cache.source->stats().misses, 4);
  EXPECT_EQ(cache.source->stats().bytes_asked, 2 * kRowBytes);
}

TEST(CachedPle, IdsOutsideTheVocabularyShareRowZero) {
  Cache cache(2);
  EXPECT_EQ(cache.Ask({-5}), 0);
  EXPECT_EQ(cache.Ask({kGeometry.vocab}), 1);
  EXPECT_EQ(cache.Ask({0}), 1);
}

TEST(CachedPle, ZeroCapacityStillAnswers) {
  Cache cache(0);
  EXPECT_EQ(cache.Ask({3, 3, 9}), 0);
  EXPECT_EQ(cache.Ask({3}), 0);
  EXPECT_EQ(cache.source->fast_bytes(), 0);
}

TEST(CachedPle, ACapacityBelowOneRequestAnswersAndKeepsItsLastRows) {
  Cache cache(2);
  EXPECT_EQ(cache.Ask({1, 2, 3, 4, 5}), 0);
  EXPECT_EQ(cache.Ask({4, 5}), 2);
  EXPECT_FALSE(cache.Holds(3));
}

TEST(CachedPle, ACapacityThatIsNoWholeNumberOfRowsRoundsDown) {
  const TableBytes bytes(kGeometry);
  const auto disk = std::make_shared<FakeDisk>(bytes.file);
  const auto options = ParsePleSpec(Format("cached,capacity={}B", 3 * kRowBytes - 1));
  const auto source =
      MakePleSource(options, bytes.At("fake"), {.warm_ids = {}, .open = FakeDisk::Opener(disk)});
  EXPECT_EQ(source->fast_bytes(), 2 * kRowBytes);
  EXPECT_EQ(FootprintOf(options, TableOf(kGeometry)).fast_bytes, source->fast_bytes());
}

TEST(CachedPle, ABudgetBeyondTheTableHoldsTheTable) {
  Cache cache(1000);
  EXPECT_EQ(cache.source->fast_bytes(), kGeometry.table_bytes());
  for (int64_t id = 0; id < kGeometry.vocab; ++id) cache.Ask({id});
  for (int64_t id = 0; id < kGeometry.vocab; ++id) EXPECT_TRUE(cache.Holds(id));
}

TEST(CachedPle, SaysWhatItHoldsNotWhatItMayHold) {
  Cache cache(4);
  EXPECT_EQ(cache.source->held_bytes(), 0);
  cache.Ask({3, 3, 9});
  EXPECT_EQ(cache.source->held_bytes(), 2 * kRowBytes);
  cache.Ask({1, 2, 3, 4, 5});
  EXPECT_EQ(cache.source->held_bytes(), 4 * kRowBytes);
  EXPECT_EQ(cache.source->fast_bytes(), 4 * kRowBytes);
}

TEST(CachedPle, RowsOfARequestOutliveTheirEviction) {
  Cache cache(1);
  cache.Ask({1});
  const std::vector<int64_t> ids = {1, 2};
  const auto request = cache.source->Begin(ids);
  for (int64_t id : {3, 4, 5}) cache.Ask({id});
  EXPECT_EQ(AllLayers(*request, kGeometry.layers), AllLayersExpected(cache.bytes, ids));
  for (int64_t id : {3, 4, 5}) cache.Ask({id});
  EXPECT_EQ(AllLayers(*request, kGeometry.layers), AllLayersExpected(cache.bytes, ids));
}

TEST(CachedPle, MissesOfARequestGoBelowInOneBegin) {
  Cache cache(10, {}, "over=cached,over.capacity=0,over.over.prefetch=false");
  cache.Ask({1, 2});
  cache.disk->FailRead(1);
  EXPECT_THROW(cache.source->Begin(std::vector<int64_t>{1, 7, 8, 9, 2, 8})->Layer(0), RunError);
  EXPECT_EQ(cache.disk->reads_started(), 2) << "7, 8 and 9 lie side by side: one read";
}

TEST(CachedPle, ALongTraceHitsAsOftenAsASimulatedLru) {
  constexpr size_t kCapacity = 9;
  Cache cache(kCapacity);
  std::list<int64_t> newest_first;
  std::mt19937 generator(11);
  std::geometric_distribution<int64_t> skewed(0.08);
  int64_t expected_hits = 0, hits = 0;
  for (int step = 0; step < 3000; ++step) {
    const int64_t id = std::min<int64_t>(skewed(generator), kGeometry.vocab - 1);
    const size_t before = newest_first.size();
    newest_first.remove(id);
    expected_hits += newest_first.size() < before ? 1 : 0;
    newest_first.push_front(id);
    if (newest_first.size() > kCapacity) newest_first.pop_back();
    hits += cache.Ask({id});
    ASSERT_EQ(hits, expected_hits) << "step " << step;
  }
  EXPECT_GT(hits, 1000);
  EXPECT_LT(hits, 2900);
}

TEST(CachedPle, AWarmedStartHoldsTheMostRecentIdsAndCountsNothing) {
  Cache cache(3, {1, 2, 3, 4, 1, -7});
  const PleStats stats = cache.source->stats();
  EXPECT_EQ(stats.lookups, 0);
  EXPECT_EQ(stats.hits, 0);
  EXPECT_EQ(stats.misses, 0);
  EXPECT_EQ(stats.read_calls, 0);
  EXPECT_EQ(stats.bytes_asked, 0);
  EXPECT_EQ(stats.read_ns, 0);
  EXPECT_EQ(stats.wait_ns, 0);
  EXPECT_EQ(cache.Ask({4, 1, 0}), 3);
  cache.Ask({20});
  EXPECT_FALSE(cache.Holds(4)) << "the oldest of the warmed rows leaves first";
}

TEST(CachedPle, AnEmptyStartIgnoresTheWarmIds) {
  const TableBytes bytes(kGeometry);
  const auto disk = std::make_shared<FakeDisk>(bytes.file);
  const std::vector<int64_t> warm = {1, 2, 3};
  const auto source = MakePleSource(ParsePleSpec("cached,over.prefetch=false"), bytes.At("fake"),
                                    {.warm_ids = warm, .open = FakeDisk::Opener(disk)});
  EXPECT_EQ(disk->reads_started(), 0);
  source->Begin(warm)->Layer(0);
  EXPECT_EQ(source->stats().misses, 3);
}

TEST(CachedPle, AFailedReadLeavesTheCacheAsItWas) {
  Cache cache(2);
  cache.Ask({1, 2});
  cache.disk->FailRead(1);
  const auto request = cache.source->Begin(std::vector<int64_t>{1, 9});
  EXPECT_THROW(request->Layer(0), RunError);
  EXPECT_THROW(request->Layer(0), RunError) << "again at each call";
  EXPECT_EQ(cache.Ask({1, 2}), 2);
  EXPECT_FALSE(cache.Holds(9));
  EXPECT_TRUE(cache.Holds(9));
}

TEST(CachedPle, ARequestThatNobodyReadsLeavesNothingBehind) {
  Cache cache(2);
  cache.source->Begin(std::vector<int64_t>{5});
  EXPECT_FALSE(cache.Holds(5));
}

// The ids of another text, as `hot_from` names them.
class OtherText : public ::testing::Test {
 protected:
  void SetUp() override { std::ofstream(file_.path()) << "[4, 4, 4, 9, 9, 9, 9, 2, 2, 30]"; }
  std::string Spec(const CachePolicyRow& policy) const {
    return Format("policy={},{}over.prefetch=false", policy.name,
                  policy.learns ? Format("hot_from={},", file_.path()) : "initial=warmed,");
  }
  const std::vector<int64_t> ids_{4, 4, 4, 9, 9, 9, 9, 2, 2, 30};
  TempFile file_{std::span<const std::byte>()};
};

TEST_F(OtherText, EveryPolicyHitsAsItDoesInAReplay) {
  for (const CachePolicyRow& policy : CachePolicies()) {
    Cache cache(7, policy.learns ? std::vector<int64_t>() : ids_, Spec(policy));
    const auto replayed = MakeWarmed(policy, 7, ids_);
    const auto stream = UnequalRows(1500, kGeometry.vocab, 12);
    const auto hits = Replay(*replayed, stream);
    for (size_t i = 0; i < stream.size(); ++i) {
      ASSERT_EQ(cache.Ask({stream[i]}), hits[i]) << policy.name << ", lookup " << i;
    }
    EXPECT_EQ(cache.source->held_bytes(), replayed->held() * kRowBytes) << policy.name;
  }
}

TEST_F(OtherText, EveryPolicyAnswersLongRequests) {
  for (const CachePolicyRow& policy : CachePolicies()) {
    Cache cache(5, {}, Spec(policy));
    const auto stream = UnequalRows(900, kGeometry.vocab, 13);
    for (auto begin = stream.begin(); begin != stream.end(); begin += 30) cache.Ask({begin, begin + 30});
    EXPECT_LE(cache.source->held_bytes(), 5 * kRowBytes) << policy.name;
  }
}

TEST_F(OtherText, AStaticSetHoldsItsRowsFromTheStartAndNoOthersEver) {
  Cache cache(3, {}, Spec(RowOf(CachePolicy::kStaticHot)));
  EXPECT_EQ(cache.source->stats().read_calls, 0);
  EXPECT_EQ(cache.source->held_bytes(), 3 * kRowBytes);
  EXPECT_EQ(cache.Ask({9, 4, 2, 30}), 3);
  EXPECT_EQ(cache.Ask({30, 7}), 0);
  EXPECT_EQ(cache.Ask({9, 4, 2, 30}), 3);
}

TEST_F(OtherText, OfFewerRowsThanFitNoMoreAreHeld) {
  const std::string spec = Spec(RowOf(CachePolicy::kStaticHot));
  Cache cache(20, {}, spec);
  EXPECT_EQ(cache.source->fast_bytes(), 4 * kRowBytes);
  const auto options = ParsePleSpec(Format("cached,capacity={}B,{}", 20 * kRowBytes, spec));
  EXPECT_EQ(FootprintOf(options, TableOf(kGeometry)).fast_bytes, 4 * kRowBytes);
}

TEST_F(OtherText, SoftTokensReadRowZero) {
  std::ofstream(file_.path()) << "[50, 4, 70, 4, 4]";
  Cache cache(2, {}, Spec(RowOf(CachePolicy::kStaticHot)));
  EXPECT_EQ(cache.Ask({0, 4, 9}), 2);
}

TEST_F(OtherText, AFileThatCannotBeLearnedFromIsNamedWithItsKey) {
  const auto error_of = [&](const std::string& text) -> std::string {
    std::ofstream(file_.path()) << text;
    const auto options = ParsePleSpec(Format("cached,{}", Spec(RowOf(CachePolicy::kStaticHot))));
    try {
      FootprintOf(options, TableOf(kGeometry));
    } catch (const UserError& error) {
      return error.what();
    }
    return "accepted";
  };
  const std::string name = "'hot_from': " + file_.path();
  EXPECT_THAT(error_of("[]"),
              HasSubstr(name + ": no ids in it; scripts/corpus/make_trace.py writes the ids of a text"));
  EXPECT_THAT(error_of("[4, 50, 51]"), HasSubstr("2 of 3 ids are beyond the table's 50 rows"));
  EXPECT_THAT(error_of("[4, -1]"), HasSubstr("token 1 is -1; expected an id, which is 0 or more"));
  EXPECT_THAT(error_of("no list"), HasSubstr(name));
}

TEST(CachedPle, AMissingFileToLearnFromIsNamed) {
  EXPECT_THROW(
      FootprintOf(ParsePleSpec("cached,policy=static_hot,hot_from=no/such.json"), TableOf(kGeometry)),
      UserError);
}

TEST(CachedPle, SaysWhatItLearnsFrom) {
  const std::string learns = "policy=static_hot,hot_from=a.json";
  EXPECT_THAT(TracesRead(ParsePleSpec("cached," + learns)), ElementsAre("a.json"));
  EXPECT_THAT(TracesRead(ParsePleSpec("cached,over=cached,over.policy=static_hot,over.hot_from=b.json")),
              ElementsAre("b.json"));
  EXPECT_THAT(TracesRead(ParsePleSpec("cached")), IsEmpty());
  EXPECT_THAT(TracesRead(ParsePleSpec("disk")), IsEmpty());
}

TEST(CachedPle, SaysThatItKeepsState) {
  EXPECT_TRUE(Cache(1).source->keeps_state());
  EXPECT_EQ(Cache(1, {}, "over.prefetch=true").source->threads(), 1);
  EXPECT_EQ(Cache(1).source->threads(), 0);
}

}  // namespace cached_ple_test
}  // namespace plelab
