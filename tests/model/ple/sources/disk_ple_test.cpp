#include "model/ple/sources/disk_ple.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <thread>

#include "model/base/format.h"
#include "tests/support/fake_file.h"
#include "tests/support/ple_table.h"
#include "tests/support/temp_file.h"

namespace plelab {
namespace disk_ple_test {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr PleGeometry kGeometry{.vocab = 100, .layers = 4, .dim = 16, .dtype = DType::kBFloat16};
const int64_t kRowBytes = kGeometry.row_bytes();
constexpr int64_t kOffset = 77;

using Ids = std::vector<int64_t>;

std::string ErrorOf(PleRequest& request, int64_t layer = 0) {
  try {
    request.Layer(layer);
  } catch (const RunError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no RunError";
  return "";
}

// Tests that run with and without the thread that reads ahead.
class Disk : public ::testing::TestWithParam<bool> {
 protected:
  std::unique_ptr<PleSource> Make() {
    return MakePleSource(ParsePleSpec(Format("disk,prefetch={}", GetParam())), bytes_.At("fake"),
                         {.warm_ids = {}, .open = FakeDisk::Opener(disk_)});
  }
  void ExpectRows(PleSource& source, const Ids& ids) {
    EXPECT_EQ(AllLayers(*source.Begin(ids), kGeometry.layers), AllLayersExpected(bytes_, ids));
  }

  const TableBytes bytes_{kGeometry, kOffset};
  const std::shared_ptr<FakeDisk> disk_ = std::make_shared<FakeDisk>(bytes_.file);
};

TEST_P(Disk, ReadsEachRowOnceAndNeighboursTogether) {
  const auto source = Make();
  ExpectRows(*source, {50, 10, 50, 12, 11, 99, 50, 12});
  EXPECT_EQ(source->stats().read_calls, 3) << "10 to 12, 50, 99";
  EXPECT_EQ(source->stats().bytes_asked, 5 * kRowBytes);
  EXPECT_EQ(source->stats().lookups, 8);
  EXPECT_EQ(source->stats().misses, 8);
}

TEST_P(Disk, TheFailureOfTheNthReadSurfacesInLayerWithFileRowAndOffset) {
  const auto source = Make();
  disk_->FailRead(2);
  const auto request = source->Begin(Ids{80, 20, 40});  // read in the order of the file: 20, 40, 80
  const std::string error = ErrorOf(*request);
  EXPECT_THAT(error, AllOf(HasSubstr("PLE row 40"), HasSubstr("fake:"),
                           HasSubstr(Format("at offset {}", kOffset + 40 * kRowBytes)),
                           HasSubstr(Format("expected {} bytes, found 0", kRowBytes))));
  EXPECT_EQ(ErrorOf(*request, 3), error) << "again at each call";
  ExpectRows(*source, {80, 20, 40});
}

TEST_P(Disk, ATruncationInsideAMergedReadNamesTheRowThatIsGone) {
  const auto source = Make();
  disk_->Truncate(kOffset + 31 * kRowBytes + 5);
  EXPECT_THAT(ErrorOf(*source->Begin(Ids{30, 31, 32})),
              AllOf(HasSubstr("PLE row 31 "), HasSubstr(Format("at offset {}", kOffset + 31 * kRowBytes))));
  EXPECT_THAT(ErrorOf(*source->Begin(Ids{31})), HasSubstr("PLE row 31 "));
  ExpectRows(*source, {30, 0, 29});
}

TEST_P(Disk, AFailureOfOneRequestSparesTheOthers) {
  const auto source = Make();
  disk_->FailRead(2);
  const auto first = source->Begin(Ids{1});
  EXPECT_EQ(Copy(first->Layer(2)), bytes_.Expected({1}, 2));
  const auto second = source->Begin(Ids{2});
  ErrorOf(*second);
  const auto third = source->Begin(Ids{3});
  EXPECT_EQ(Copy(third->Layer(2)), bytes_.Expected({3}, 2));
  EXPECT_EQ(Copy(first->Layer(0)), bytes_.Expected({1}, 0));
}

TEST_P(Disk, DroppedRequestsDoNoHarm) {
  const auto source = Make();
  for (int64_t i = 0; i < 200; ++i) source->Begin(Ids{i % 100, 5, 9});
  ExpectRows(*source, {3, 4});
}

TEST_P(Disk, GoesWhileRequestsAreStillQueued) {
  auto source = Make();
  disk_->Delay(std::chrono::milliseconds(1));
  for (int64_t i = 0; i < 20; ++i) source->Begin(Ids{i});
  source.reset();
  EXPECT_LE(disk_->reads_ended(), 20);
  EXPECT_EQ(disk_->reads_started(), disk_->reads_ended());
}

TEST_P(Disk, WaitsCountAndReadsAreTimed) {
  const auto source = Make();
  disk_->Delay(std::chrono::milliseconds(2));
  source->Begin(Ids{1})->Layer(0);
  const PleStats stats = source->stats();
  EXPECT_GE(stats.read_ns, 2'000'000);
  EXPECT_GE(stats.hidden_ns, 0);
  EXPECT_LE(stats.hidden_ns, stats.read_ns);
  EXPECT_GE(stats.wait_ns + stats.hidden_ns, 2'000'000) << "what was not hidden was waited for";
}

INSTANTIATE_TEST_SUITE_P(, Disk, ::testing::Bool(),
                         [](const auto& info) { return std::string(info.param ? "prefetch" : "on_demand"); });

class DiskPrefetch : public Disk {};
INSTANTIATE_TEST_SUITE_P(, DiskPrefetch, ::testing::Values(true));

TEST_P(DiskPrefetch, BeginReturnsBeforeTheReadEnds) {
  const auto source = Make();
  EXPECT_EQ(source->threads(), 1);
  disk_->Block();
  const auto request = source->Begin(Ids{5, 60});
  disk_->WaitUntilStarted(1);  // the thread reads, although nobody asked for a layer
  EXPECT_EQ(disk_->reads_ended(), 0);
  disk_->Release();
  EXPECT_EQ(Copy(request->Layer(1)), bytes_.Expected({5, 60}, 1));
}

TEST_P(DiskPrefetch, WhatIsReadWhileTheCallerIsElsewhereIsHidden) {
  const auto source = Make();
  disk_->Block();
  const auto request = source->Begin(Ids{5});
  disk_->WaitUntilStarted(1);
  // Stands for computing: at least this much of the read is hidden.
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  disk_->Release();
  disk_->WaitUntilEnded(1);
  request->Layer(0);
  EXPECT_GE(source->stats().hidden_ns, 5'000'000);
  EXPECT_LE(source->stats().hidden_ns, source->stats().read_ns);
}

TEST_P(DiskPrefetch, WhatTheCallerWaitsForIsNotHidden) {
  const auto source = Make();
  disk_->Block();
  const auto request = source->Begin(Ids{5});
  disk_->WaitUntilStarted(1);
  std::thread releaser([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
    disk_->Release();
  });
  const auto asked_at = std::chrono::steady_clock::now();
  request->Layer(0);
  const std::chrono::nanoseconds stood = std::chrono::steady_clock::now() - asked_at;
  releaser.join();
  const PleStats stats = source->stats();
  // The hidden time and the time that the caller waited add up to the whole read, up to the difference
  // between the two clocks.
  EXPECT_LE(stats.hidden_ns, stats.read_ns);
  EXPECT_GE(stats.hidden_ns + stood.count(), stats.read_ns);
}

TEST_P(DiskPrefetch, AQueuedReadIsDoneByWhoNeedsItFirst) {
  const auto source = Make();
  disk_->Block();
  const auto first = source->Begin(Ids{1});
  disk_->WaitUntilStarted(1);  // the thread is blocked in the first request's read
  const auto second = source->Begin(Ids{2});
  std::vector<std::byte> rows;
  std::thread caller([&] { rows = Copy(second->Layer(3)); });
  disk_->WaitUntilStarted(2);  // so the caller performs this read
  disk_->Release();
  caller.join();
  EXPECT_EQ(rows, bytes_.Expected({2}, 3));
  EXPECT_EQ(Copy(first->Layer(3)), bytes_.Expected({1}, 3));
}

TEST_P(DiskPrefetch, AnAbandonedRequestStopsReading) {
  auto source = Make();
  disk_->Block();
  auto request = source->Begin(Ids{10, 20, 30, 40});
  disk_->WaitUntilStarted(1);
  request.reset();
  disk_->Release();
  source.reset();
  EXPECT_EQ(disk_->reads_started(), 1);
}

class DiskOnDemand : public Disk {};
INSTANTIATE_TEST_SUITE_P(, DiskOnDemand, ::testing::Values(false));

TEST_P(DiskOnDemand, ReadsInTheFirstLayerCallAndHidesNothing) {
  const auto source = Make();
  EXPECT_EQ(source->threads(), 0);
  const auto request = source->Begin(Ids{5});
  EXPECT_EQ(disk_->reads_started(), 0);
  request->Layer(2);
  EXPECT_EQ(disk_->reads_started(), 1);
  request->Layer(0);
  EXPECT_EQ(disk_->reads_started(), 1);
  EXPECT_EQ(source->stats().hidden_ns, 0);
  EXPECT_GE(source->stats().wait_ns, source->stats().read_ns);
}

class DiskBackends : public ::testing::TestWithParam<const char*> {};
INSTANTIATE_TEST_SUITE_P(, DiskBackends, ::testing::Values("pread", "direct", "mmap", "io_uring"),
                         [](const auto& info) { return std::string(info.param); });

TEST_P(DiskBackends, AFileThatShrinksWhileStreamingIsACleanError) {
  const std::string why_not = WhyUnavailable(ParsePleSpec(Format("disk,backend={}", GetParam())));
  if (!why_not.empty()) GTEST_SKIP() << why_not;
  constexpr PleGeometry kLarge{.vocab = 4000, .layers = 30, .dim = 16, .dtype = DType::kBFloat16};
  const TableBytes bytes(kLarge, 1237);
  for (bool prefetch : {true, false}) {
    const TempFile file(bytes.file);
    const auto source = MakePleSource(
        ParsePleSpec(Format("disk,backend={},prefetch={}", GetParam(), prefetch)), bytes.At(file.path()));
    int64_t id = 0, answered = 0;
    std::string error;
    while (error.empty()) {
      if (answered == 300) file.Truncate(1237 + 2000 * kLarge.row_bytes() + 7);
      id = (id + 1777) % kLarge.vocab;
      try {
        const auto request = source->Begin({&id, 1});
        ASSERT_EQ(Copy(request->Layer(29)), bytes.Expected({id}, 29));
        ++answered;
      } catch (const RunError& caught) {
        error = caught.what();
      }
      ASSERT_LT(answered, 400);
    }
    EXPECT_GE(answered, 300);
    EXPECT_THAT(error, AllOf(HasSubstr(file.path()), HasSubstr(Format("PLE row {} ", id)),
                             HasSubstr(Format("offset {}", 1237 + id * kLarge.row_bytes()))));
    const Ids low = {1, 2, 1999};
    EXPECT_EQ(AllLayers(*source->Begin(low), 30), AllLayersExpected(bytes, low))
        << "what is left is still served";
  }
}

}  // namespace disk_ple_test
}  // namespace plelab
