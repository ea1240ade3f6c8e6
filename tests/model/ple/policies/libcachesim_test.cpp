// The policies beside libCacheSim's on the trace that ships (scripts/reference/make_cache_golden.py).
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <string>

#include "model/ple/policies/belady.h"
#include "model/ple/policies/cache_policies.h"
#include "model/ple/replay/replay.h"
#include "model/ple/replay/token_ids.h"

namespace plelab {
namespace libcachesim_test {

constexpr int64_t kGemmaPieces = 262'144;

std::unique_ptr<EvictionPolicy> MakeNamed(const std::string& name, int64_t capacity,
                                          std::span<const int64_t> trace) {
  if (name == "belady") return std::make_unique<BeladyPolicy>(capacity, trace);
  for (const CachePolicyRow& row : CachePolicies()) {
    if (row.name == name) return row.make(capacity, {});
  }
  return nullptr;
}

std::vector<int64_t> SumOfBlocks(const std::vector<uint8_t>& hits, int64_t block) {
  std::vector<int64_t> sums((std::ssize(hits) + block - 1) / block);
  for (int64_t i = 0; i < std::ssize(hits); ++i) sums[i / block] += hits[i];
  return sums;
}

int64_t Sum(const std::vector<int64_t>& hits) {
  return std::accumulate(hits.begin(), hits.end(), int64_t{0});
}

class LibCacheSim : public ::testing::Test {
 protected:
  LibCacheSim() {
    std::ifstream file(PLELAB_SOURCE_DIR "/tests/data/cache/libcachesim.json");
    golden_ = nlohmann::json::parse(file);
    trace_ = ReadTokenIds(PLELAB_SOURCE_DIR "/configs/traces/northanger_abbey_gemma.json", kGemmaPieces);
  }
  std::vector<int64_t> HitsPerBlock(const std::string& policy, int64_t capacity) const {
    return SumOfBlocks(Replay(*MakeNamed(policy, capacity, trace_), trace_), golden_["block"]);
  }

  nlohmann::json golden_;
  std::vector<int64_t> trace_;
};

TEST_F(LibCacheSim, HitsAsOftenInEachThousandLookups) {
  int compared = 0;
  for (const auto& cache : golden_["caches"]) {
    if (cache["policy"] == "belady") continue;
    EXPECT_EQ(HitsPerBlock(cache["policy"], cache["capacity"]), cache["hits"].get<std::vector<int64_t>>())
        << cache["policy"] << ", " << cache["capacity"] << " rows";
    ++compared;
  }
  EXPECT_EQ(compared, 16);
}

// Its optimum must take in the row that was just read.  Ours need not, which is worth something, but no more
// than one row.
TEST_F(LibCacheSim, TheOptimumLiesBetweenItsOwnAndThatWithOneRowMore) {
  std::map<int64_t, int64_t> theirs;
  for (const auto& cache : golden_["caches"]) {
    if (cache["policy"] == "belady") theirs[cache["capacity"]] = Sum(cache["hits"]);
  }
  for (const int64_t capacity : {20, 100, 1024, 4096}) {
    const int64_t ours = Sum(HitsPerBlock("belady", capacity));
    EXPECT_GE(ours, theirs.at(capacity)) << capacity;
    EXPECT_LE(ours, theirs.at(capacity + 1)) << capacity;
  }
}

}  // namespace libcachesim_test
}  // namespace plelab
