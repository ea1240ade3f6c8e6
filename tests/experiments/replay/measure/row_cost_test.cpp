#include "experiments/replay/measure/row_cost.h"

#include <gtest/gtest.h>

#include "experiments/replay/measure/cache_hits.h"
#include "experiments/replay/tables/random_file.h"
#include "model/base/error.h"
#include "model/ple/replay/stack_distances.h"
#include "tests/support/fake_file.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace {

using testing::TemporaryFolder;

class RowCostTest : public ::testing::Test {
 protected:
  RowCostRequest RequestOf(IoBackend backend, int64_t depth) {
    const PleGeometry geometry{.vocab = 256, .layers = 4, .dim = 512, .dtype = DType::kBFloat16};
    const RandomFile file =
        MakeRandomFile({.folder = folder_.path(), .wanted_bytes = geometry.table_bytes(), .seed = 1});
    RowCostRequest request{.backend = backend, .depth = depth, .most_samples = 10};
    request.table = {.path = file.path, .geometry = geometry};
    return request;
  }
  const TemporaryFolder folder_;
};

TEST_F(RowCostTest, MeasuresEachBackendOrSaysWhyNot) {
  for (const IoBackend backend :
       {IoBackend::kPread, IoBackend::kDirect, IoBackend::kMmap, IoBackend::kUring}) {
    for (const int64_t depth : {1, 4}) {
      const RowCost cost = MeasureRowCost(RequestOf(backend, depth));
      EXPECT_EQ(cost.depth, depth);
      if (!cost.skipped.empty()) continue;
      EXPECT_EQ(cost.samples, 10);
      EXPECT_GT(cost.p50_ns, 0);
      EXPECT_LE(cost.p50_ns, cost.p99_ns);
      EXPECT_NEAR(cost.rows_per_s, static_cast<double>(depth) / cost.mean_ns * 1e9, 1e-6 * cost.rows_per_s);
    }
  }
}

TEST_F(RowCostTest, ABatchReadsEachOfItsRowsOnce) {
  RowCostRequest request = RequestOf(IoBackend::kPread, 7);
  const auto disk = std::make_shared<FakeDisk>(std::vector<std::byte>(request.table.geometry.table_bytes()));
  request.open = FakeDisk::Opener(disk);
  request.state = RowState::kWarm;  // a fake file has no page cache to evict
  EXPECT_EQ(MeasureRowCost(request).samples, 10);
  EXPECT_EQ(disk->counters().read_calls, 7 * 10);
  EXPECT_EQ(disk->counters().bytes_asked, 7 * 10 * request.table.row_bytes());
}

TEST_F(RowCostTest, AFailedReadIsAnErrorInAThreadToo) {
  for (const int64_t depth : {1, 7}) {
    RowCostRequest request = RequestOf(IoBackend::kPread, depth);
    const auto disk =
        std::make_shared<FakeDisk>(std::vector<std::byte>(request.table.geometry.table_bytes()));
    disk->FailRead(5);
    request.open = FakeDisk::Opener(disk);
    EXPECT_THROW(MeasureRowCost(request), ReadError);
  }
}

TEST_F(RowCostTest, ABackendThatIsRefusedIsSkipped) {
  RowCostRequest request = RequestOf(IoBackend::kDirect, 1);
  request.open = [](const std::string&, const IoOptions&) -> std::unique_ptr<RandomAccessFile> {
    throw UserError("no direct reads here");
  };
  EXPECT_EQ(MeasureRowCost(request).skipped, "no direct reads here");
}

TEST_F(RowCostTest, WhatPassesByThePageCacheIsNeverWarm) {
  RowCostRequest request = RequestOf(IoBackend::kDirect, 1);
  request.state = RowState::kWarm;
  const RowCost cost = MeasureRowCost(request);
  EXPECT_NE(cost.skipped, "");
  EXPECT_EQ(cost.samples, 0);
}

TEST(CacheHitsOfAText, ACacheForTheWholeTextHitsWhatWasSeen) {
  const std::vector<int64_t> ids = {1, 2, 1, 2, 2, 1, 3, 1};  // of the second half only 3 is new
  for (const CacheHits& hits : CountCacheHits(ids, 10, std::vector<int64_t>{1000})) {
    EXPECT_EQ(hits.rows, 100);
    EXPECT_EQ(hits.lookups, 4);
    if (hits.policy != "lru, shuffled") {
      EXPECT_DOUBLE_EQ(hits.hit_rate, 0.75) << hits.policy;
    }
  }
}

TEST(CacheHitsOfAText, ACacheWithoutRoomHitsNothing) {
  for (const CacheHits& hits : CountCacheHits(std::vector<int64_t>(50, 1), 10, std::vector<int64_t>{9})) {
    EXPECT_EQ(hits.rows, 0);
    EXPECT_EQ(hits.hit_rate, 0);
  }
}

// LRU by another way: it hits a request if and only if the request's stack distance is within its rows.
TEST(CacheHitsOfAText, LruAgreesWithStackDistances) {
  std::vector<int64_t> ids;
  for (int64_t i = 0; i < 2000; ++i) ids.push_back(i * i % 311 + i % 7);
  const std::vector<int32_t> distances = StackDistances(ids, 400);
  for (const CacheHits& hits : CountCacheHits(ids, 10, std::vector<int64_t>{100, 1000, 2000})) {
    if (hits.policy != "lru") continue;
    const auto count = std::count_if(distances.begin() + 1000, distances.end(),
                                     [&](int32_t d) { return d > 0 && d <= hits.rows; });
    EXPECT_DOUBLE_EQ(hits.hit_rate, static_cast<double>(count) / 1000) << hits.rows;
  }
}

}  // namespace
}  // namespace plelab
