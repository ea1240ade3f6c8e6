// Whoever reads, an observer is told of each read, through whatever wraps the source.
#include "model/ple/read_observer.h"

#include <gtest/gtest.h>

#include <utility>
#include <vector>

#include "model/io/uring_file.h"
#include "model/ple/sources/read_clock.h"
#include "tests/support/ple_table.h"
#include "tests/support/temp_file.h"

namespace plelab {
namespace read_observer_test {

constexpr PleGeometry kGeometry{.vocab = 100, .layers = 4, .dim = 16, .dtype = DType::kBFloat16};

struct Seen : ReadObserver {
  void SeeRead(int64_t begin_ns, int64_t end_ns) override { reads.emplace_back(begin_ns, end_ns); }
  std::vector<std::pair<int64_t, int64_t>> reads;
};

// Reads the rows of `ids` to their end, and returns what was seen of it.
std::vector<std::pair<int64_t, int64_t>> ReadsOf(PleSource& source, const std::vector<int64_t>& ids) {
  Seen seen;
  source.ObserveReads(&seen);
  AllLayers(*source.Begin(ids), kGeometry.layers);
  source.ObserveReads(nullptr);
  AllLayers(*source.Begin(std::vector<int64_t>{70, 71}), kGeometry.layers);  // nobody sees these
  return seen.reads;
}

class ReadObserverTest : public ::testing::TestWithParam<const char*> {
 protected:
  const TableBytes bytes_{kGeometry, 0};
  const TempFile file_{bytes_.file};
};

TEST_P(ReadObserverTest, IsToldOfEachReadWhileItIsWanted) {
  const auto source = MakePleSource(ParsePleSpec(GetParam()), bytes_.At(file_.path()));
  const int64_t before = ReadClockNs();
  const auto reads = ReadsOf(*source, {10, 50});
  const int64_t after = ReadClockNs();
  EXPECT_EQ(reads.size(), 2u);
  for (const auto& [begin, end] : reads) {
    EXPECT_GE(begin, before);
    EXPECT_GE(end, begin);
    EXPECT_LE(end, after);
  }
}

INSTANTIATE_TEST_SUITE_P(Sources, ReadObserverTest,
                         ::testing::Values("disk,prefetch=true", "disk,prefetch=false",
                                           "disk,backend=mmap,prefetch=false", "cached,capacity=4KiB"));

TEST(ReadObserver, IsToldOfReadsThatGoOnByThemselves) {
  if (!WhyNoUring().empty()) GTEST_SKIP() << WhyNoUring();
  const TableBytes bytes(kGeometry, 0);
  const TempFile file(bytes.file);
  const auto source = MakePleSource(ParsePleSpec("disk,backend=io_uring"), bytes.At(file.path()));
  const auto reads = ReadsOf(*source, {10, 50});
  ASSERT_EQ(reads.size(), 1u) << "both together";
  EXPECT_GE(reads[0].second, reads[0].first);
}

TEST(ReadObserver, OfRowsInMemoryIsToldNothing) {
  const TableBytes bytes(kGeometry, 0);
  const TempFile file(bytes.file);
  const auto source = MakePleSource(ParsePleSpec("resident"), bytes.At(file.path()));
  EXPECT_TRUE(ReadsOf(*source, {10, 50}).empty());
}

}  // namespace read_observer_test
}  // namespace plelab
