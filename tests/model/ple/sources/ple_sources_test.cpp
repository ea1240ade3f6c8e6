// What holds for every source: it returns the same rows, bit for bit, and its counts are consistent.
#include <gtest/gtest.h>

#include <atomic>
#include <cctype>
#include <limits>
#include <string>
#include <thread>

#include "tests/support/ple_table.h"
#include "tests/support/temp_file.h"

namespace plelab {
namespace ple_sources_test {

// Rows of 240 bytes that begin at an odd offset, so that some of them cross the border of a block, a page or
// a cache line.
constexpr PleGeometry kGeometry{.vocab = 700, .layers = 5, .dim = 24, .dtype = DType::kBFloat16};
constexpr int64_t kOffset = 1237;

std::vector<int64_t> RandomIds(int64_t n, uint32_t seed) {
  std::mt19937 generator(seed);
  std::uniform_int_distribution<int64_t> any(-20, kGeometry.vocab + 20);
  std::vector<int64_t> ids(n);
  for (int64_t& id : ids) id = any(generator);
  return ids;
}

class ExactSources : public ::testing::TestWithParam<const char*> {
 protected:
  std::unique_ptr<PleSource> Make() {
    return MakePleSource(ParsePleSpec(GetParam()), bytes_.At(file_.path()));
  }

  const TableBytes bytes_{kGeometry, kOffset};
  const TempFile file_{bytes_.file};
};

TEST_P(ExactSources, GiveTheRowsOfTheFileBitForBit) {
  const auto source = Make();
  for (int64_t n : {1, 2, 17, 300, 3000}) {
    for (uint32_t seed : {1, 2, 3}) {
      const auto ids = RandomIds(n, seed + static_cast<uint32_t>(n));
      const auto request = source->Begin(ids);
      ASSERT_EQ(request->kind(), PleKind::kRows);
      ASSERT_EQ(AllLayers(*request, kGeometry.layers), AllLayersExpected(bytes_, ids)) << "n " << n;
    }
  }
}

TEST_P(ExactSources, MapEveryIdOutsideTheVocabularyToRowZero) {
  const auto source = Make();
  const std::vector<int64_t> ids = {-1, kGeometry.vocab, std::numeric_limits<int64_t>::min(),
                                    std::numeric_limits<int64_t>::max(), 0};
  EXPECT_EQ(AllLayers(*source->Begin(ids), kGeometry.layers), AllLayersExpected(bytes_, {0, 0, 0, 0, 0}));
  for (int64_t id : ids) {
    EXPECT_EQ(AllLayers(*source->Begin({&id, 1}), kGeometry.layers), AllLayersExpected(bytes_, {0}));
  }
}

TEST_P(ExactSources, ReachTheLastRowAtTheEndOfTheFile) {
  const auto source = Make();
  const int64_t last = kGeometry.vocab - 1;
  EXPECT_EQ(AllLayers(*source->Begin({&last, 1}), kGeometry.layers), AllLayersExpected(bytes_, {last}));
}

TEST_P(ExactSources, AnswerLayersInAnyOrderAndMoreThanOnce) {
  const auto source = Make();
  const std::vector<int64_t> ids = {5, 9, 5};
  const auto request = source->Begin(ids);
  const auto last = request->Layer(4);
  EXPECT_EQ(Copy(request->Layer(1)), bytes_.Expected(ids, 1));
  EXPECT_EQ(Copy(request->Layer(4)), bytes_.Expected(ids, 4));
  EXPECT_EQ(Copy(last), bytes_.Expected(ids, 4)) << "an earlier span must stay valid";
}

TEST_P(ExactSources, KeepTheRowsOfEarlierRequests) {
  const auto source = Make();
  std::vector<std::vector<int64_t>> ids;
  std::vector<std::unique_ptr<PleRequest>> requests;
  for (uint32_t i = 0; i < 8; ++i) {
    ids.push_back(RandomIds(1 + 13 * i, i));
    requests.push_back(source->Begin(ids.back()));
  }
  for (size_t i = requests.size(); i-- > 0;) {
    EXPECT_EQ(AllLayers(*requests[i], kGeometry.layers), AllLayersExpected(bytes_, ids[i]));
  }
  for (size_t i = 0; i < requests.size(); ++i)
    EXPECT_EQ(Copy(requests[i]->Layer(2)), bytes_.Expected(ids[i], 2));
}

TEST_P(ExactSources, AnswerARequestForNothing) {
  const auto source = Make();
  const auto request = source->Begin({});
  EXPECT_TRUE(request->Layer(0).empty());
  EXPECT_EQ(source->stats().lookups, 0);
}

TEST_P(ExactSources, RefuseALayerThatTheTableHasNot) {
  const auto source = Make();
  for (size_t n : {1, 3}) {
    const auto request = source->Begin(std::vector<int64_t>(n, 7));
    EXPECT_THROW(request->Layer(-1), RunError);
    EXPECT_THROW(request->Layer(5), RunError);
    EXPECT_EQ(Copy(request->Layer(4)), bytes_.Expected(std::vector<int64_t>(n, 7), 4));
  }
}

TEST_P(ExactSources, CountEveryRequestedId) {
  const auto source = Make();
  int64_t asked = 0;
  for (uint32_t seed = 0; seed < 20; ++seed) {
    const auto ids = RandomIds(1 + 7 * seed, seed);
    source->Begin(ids)->Layer(0);
    asked += std::ssize(ids);
    const PleStats stats = source->stats();
    EXPECT_EQ(stats.lookups, asked);
    EXPECT_EQ(stats.hits + stats.misses, stats.lookups);
    EXPECT_LE(stats.bytes_asked, stats.misses * kGeometry.row_bytes() + 0);
    EXPECT_EQ(stats.row_bytes, asked * kGeometry.row_bytes());
    EXPECT_LE(stats.hidden_ns, stats.read_ns);
    EXPECT_GE(stats.hidden_ns, 0);
    EXPECT_GT(stats.wait_ns, 0);
  }
}

TEST_P(ExactSources, ServeSeveralThreadsAtOnce) {
  const auto source = Make();
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (uint32_t t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (uint32_t round = 0; round < 50; ++round) {
        const auto ids = RandomIds(1 + round % 9, 1000 * t + round);
        const auto request = source->Begin(ids);
        if (AllLayers(*request, kGeometry.layers) != AllLayersExpected(bytes_, ids)) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(, ExactSources,
                         ::testing::Values("resident", "resident,pages=4k", "disk", "disk,prefetch=false",
                                           "disk,backend=direct", "disk,backend=direct,prefetch=false",
                                           "disk,backend=mmap", "disk,backend=mmap,prefetch=false",
                                           "disk,advice=random", "disk,backend=mmap,advice=random",
                                           "cached,capacity=0", "cached,capacity=3%", "cached,capacity=2400B",
                                           "cached,capacity=100%,over.backend=mmap",
                                           "cached,over=resident,capacity=5%",
                                           "cached,capacity=1%,over=cached,over.capacity=10%", "speculative",
                                           "cached,capacity=5%,over=speculative"),
                         [](const auto& info) {
                           std::string name;
                           for (char c : std::string(info.param)) {
                             name += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           }
                           return name;
                         });

}  // namespace ple_sources_test
}  // namespace plelab
