#include "model/kernels/parallel.h"

#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <mutex>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "model/kernels/products/matvec.h"
#include "model/kernels/products/row_sum.h"
#include "model/kernels/read_loop.h"
#include "tests/model/kernels/kernel_test.h"

namespace plelab {
namespace parallel_test {

class ThreadCount {  // for one scope
 public:
  explicit ThreadCount(int threads) : before_(at::get_num_threads()) { at::set_num_threads(threads); }
  ~ThreadCount() { at::set_num_threads(before_); }

 private:
  int before_;
};

TEST(ParallelPieces, CoverTheRangeOnce) {
  const ThreadCount threads(3);
  for (const int64_t size : {0, 1, 2, 3, 7, 100, 1000}) {
    for (const int64_t grain : {1, 5, 400}) {
      std::vector<std::atomic<int>> visits(static_cast<size_t>(size));
      std::atomic<int> pieces{0};
      ParallelPieces(0, size, grain, [&](int64_t begin, int64_t end) {
        ++pieces;
        for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
      });
      EXPECT_LE(pieces, 3 * kPiecesPerThread);
      for (const auto& count : visits) EXPECT_EQ(count, 1);
    }
  }
}

TEST(ParallelPieces, RethrowsWhatAPieceThrows) {
  const ThreadCount threads(2);
  EXPECT_THROW(ParallelPieces(0, 100, 1, [](int64_t, int64_t) { throw std::runtime_error("a piece"); }),
               std::runtime_error);
}

TEST(ParallelFor, CoversTheRangeOnceOnSeveralThreads) {
  const ThreadCount threads(3);
  std::vector<std::atomic<int>> visits(1000);
  std::atomic<int> shares{0};
  ParallelFor(0, 1000, 1, [&](int64_t begin, int64_t end) {
    ++shares;
    for (int64_t i = begin; i < end; ++i) ++visits[i];
  });
  EXPECT_EQ(shares, 3);
  for (const auto& count : visits) EXPECT_EQ(count, 1);
}

std::atomic<int> hooked[2];

TEST(ParallelFor, TellsEachThreadsNumberBeforeItsShare) {
  const ThreadCount threads(2);
  SetShareHook([](int thread) { ++hooked[thread]; });
  ParallelFor(0, 2, 1, [](int64_t begin, int64_t) { EXPECT_EQ(hooked[begin], 1); });
  SetShareHook(nullptr);
  ParallelFor(0, 2, 1, [](int64_t, int64_t) {});
  EXPECT_EQ(hooked[0], 1);
  EXPECT_EQ(hooked[1], 1);
}

TEST(ParallelFor, RethrowsWhatAShareThrows) {
  const ThreadCount threads(2);
  EXPECT_THROW(ParallelFor(0, 2, 1,
                           [](int64_t begin, int64_t) {
                             if (begin == 1) throw std::runtime_error("x");
                           }),
               std::runtime_error);
}

// Loops of every kind, one after another and with pauses in which the other threads fall asleep.
TEST(InOneRegion, LoopsCoverTheirRangesOnce) {
  for (const int count : {1, 2, 3, 7}) {
    const ThreadCount threads(count);
    InOneRegion([&] {
      for (int64_t loop = 0; loop < 300; ++loop) {
        const int64_t size = loop * loop % 101, grain = 1 + loop % 5;
        std::vector<std::atomic<int>> visits(static_cast<size_t>(size));
        const auto visit = [&](int64_t begin, int64_t end) {
          for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
        };
        loop % 2 == 0 ? ParallelFor(0, size, grain, visit) : ParallelPieces(0, size, grain, visit);
        for (const auto& times : visits) ASSERT_EQ(times, 1) << count << " threads, loop " << loop;
        if (loop % 100 == 99) std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
  }
}

TEST(InOneRegion, SharesRunInAllThreadsAndLoopsInThemAreSerial) {
  const ThreadCount threads(3);
  std::set<std::thread::id> ids;
  std::mutex mutex;
  InOneRegion([&] {
    ParallelFor(0, 3, 1, [&](int64_t, int64_t) {
      const auto id = std::this_thread::get_id();
      ParallelFor(0, 100, 1, [&](int64_t, int64_t) { EXPECT_EQ(std::this_thread::get_id(), id); });
      const std::lock_guard lock(mutex);
      ids.insert(id);
    });
  });
  EXPECT_EQ(ids.size(), 3u);
}

TEST(InOneRegion, RethrowsWhatAShareThrowsAndGoesOn) {
  const ThreadCount threads(2);
  InOneRegion([&] {
    for (int64_t who : {0, 1}) {
      EXPECT_THROW(ParallelFor(0, 2, 1,
                               [&](int64_t begin, int64_t) {
                                 if (begin == who) throw std::runtime_error("a share");
                               }),
                   std::runtime_error);
    }
    std::atomic<int64_t> sum = 0;
    ParallelFor(0, 2, 1, [&](int64_t begin, int64_t) { sum += begin + 1; });
    EXPECT_EQ(sum, 3);
  });
}

TEST(InOneRegion, RethrowsWhatTheBodyThrows) {
  const ThreadCount threads(2);
  EXPECT_THROW(InOneRegion([] { throw std::runtime_error("the body"); }), std::runtime_error);
  std::atomic<int> shares = 0;
  ParallelFor(0, 2, 1, [&](int64_t, int64_t) { ++shares; });
  EXPECT_EQ(shares, 2);
}

// Two OpenMP libraries in one process would be two thread pools competing for the cores.
TEST(ParallelFor, RunsOnTheOneOpenMpLibraryOfTheProcess) {
  const ThreadCount threads(2);
  ParallelFor(0, 2, 1, [](int64_t, int64_t) {});
  std::set<std::string> libraries;
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    if (line.find("libgomp") != std::string::npos) libraries.insert(line.substr(line.find('/')));
  }
  EXPECT_LE(libraries.size(), 1u) << *libraries.begin() << " and " << *libraries.rbegin();
}

TEST(Kernels, GiveTheSameBitsForAnyNumberOfThreads) {
  const testing::RandomMatrix w(3001, 515, ElementType::kBFloat16, 1);
  const std::vector<float> x = testing::RandomVector(2 * 515, 2), a = testing::RandomVector(3001, 3);
  std::vector<std::vector<float>> products, sums;
  for (const int count : {1, 2, 3, 5}) {
    const ThreadCount threads(count);
    products.emplace_back(2 * 3001);
    sums.emplace_back(515);
    MatVec(w.view(), {x.data(), 2, 515}, {products.back().data(), 3001});
    RowSum(w.view(), {a.data(), 1, 3001}, {sums.back().data(), 515});
    EXPECT_EQ(products.back(), products.front()) << count << " threads";
    EXPECT_EQ(sums.back(), sums.front()) << count << " threads";
  }
}

TEST(ReadAll, ReadsEachWordOnce) {
  const ThreadCount threads(2);
  testing::ForEachTarget([] {
    std::vector<uint64_t> words(8 * 5003);
    std::iota(words.begin(), words.end(), uint64_t{1} << 40);
    EXPECT_EQ(ReadAll(std::as_bytes(std::span(words))),
              std::accumulate(words.begin(), words.end(), uint64_t{0}));
  });
}

}  // namespace parallel_test
}  // namespace plelab
