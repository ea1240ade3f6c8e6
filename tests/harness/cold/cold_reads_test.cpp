#include "harness/cold/cold_reads.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cmath>

#include "harness/cold/device_cold.h"
#include "tests/harness/cold/unread_files.h"

namespace plelab {
namespace cold_reads_test {

using ::testing::HasSubstr;

class ColdReadsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::WriteText(table_, std::string(1000 + 100 * kRowBytes, 'x'));
    if (!testing::AllocateUnreadFile(reference_)) GTEST_SKIP() << "no room for a reference file of 4 GiB";
  }
  ColdCheck Check(const std::string& spec, const std::string& reference = "", int64_t rows = 100) const {
    VariantPlan variant;
    variant.config.ple = ParsePleSpec(spec);
    variant.config.page_cache.initial = PageCacheInitial::kCold;
    variant.config.page_cache.maintain = PageCacheMaintain::kEvictEachStep;
    variant.config.page_cache.reference = reference.empty() ? reference_ : reference;
    variant.table = {table_, 1000, {rows, 3, 1000, DType::kBFloat16}};
    variant.footprint.file_bytes = 1;
    return ColdCheck(variant);
  }
  // unread_ns of each of the checks after their reads were taken.
  std::vector<double> Take(std::vector<ColdCheck>& checks) {
    std::vector<ColdCheck*> pointers;
    for (ColdCheck& check : checks) pointers.push_back(&check);
    TakeColdReads(pointers, 1000, 3, notice_);
    std::vector<double> unread;
    for (ColdCheck& check : checks) {
      RepRow rep;
      check.Describe({}, rep);
      unread.push_back(rep.unread_ns);
    }
    return unread;
  }
  static size_t Rows(const ColdCheck& check, const std::string& label) {
    size_t rows = 0;
    for (const Curve& curve : check.Curves("v", 0)) {
      for (const CurveRow& row : curve.rows) {
        if (row.label != label) continue;
        EXPECT_GT(row.y, 0);
        ++rows;
      }
    }
    return rows;
  }

  static constexpr int64_t kRowBytes = 6000;
  testing::TemporaryFolder folder_;
  const std::string table_ = folder_ / "table", reference_ = folder_ / "reference.bin";
  std::string notice_;
};

TEST_F(ColdReadsTest, EachWayToReadHasItsOwnAndThoseWhoReadAlikeShareThem) {
  std::vector<ColdCheck> checks = {Check("disk"), Check("cached,over=disk"), Check("disk,backend=direct"),
                                   Check("disk,prefetch=false"), Check("disk,transform=shuffled")};
  const std::vector<double> unread = Take(checks);
  EXPECT_EQ(notice_, "");
  for (const ColdCheck& check : checks) {
    EXPECT_EQ(Rows(check, "unread"), 64u);
    EXPECT_EQ(Rows(check, "direct"), 64u);
  }
  EXPECT_EQ(unread[0], unread[1]) << "a cache reads its misses as disk does";
  EXPECT_EQ(unread[0], unread[4]);
  EXPECT_EQ(testing::UsedPlaces(reference_), 3 * 64);
  EXPECT_EQ(CachedBytes({reference_, 0, kLeastUnreadBytes}), 0) << "they leave nothing in the page cache";
  Take(checks);
  EXPECT_EQ(testing::UsedPlaces(reference_), 6 * 64);
}

TEST_F(ColdReadsTest, WhoIsNotAskedReadsNothing) {
  VariantPlan resident;
  resident.config.page_cache.initial = PageCacheInitial::kCold;
  resident.config.page_cache.maintain = PageCacheMaintain::kEvictEachStep;
  resident.config.page_cache.reference = reference_;
  std::vector<ColdCheck> checks = {ColdCheck(resident)};
  EXPECT_TRUE(std::isnan(Take(checks)[0]));
  EXPECT_EQ(testing::UsedPlaces(reference_), 0);
}

TEST_F(ColdReadsTest, WhoNeedOnlyStartColdIsComparedWithNothing) {
  VariantPlan variant;
  variant.config.ple = ParsePleSpec("disk");
  variant.config.page_cache.initial = PageCacheInitial::kCold;
  variant.config.page_cache.reference = reference_;
  variant.table = {table_, 1000, {100, 3, 1000, DType::kBFloat16}};
  variant.footprint.file_bytes = 1;
  std::vector<ColdCheck> checks = {ColdCheck(variant)};
  EXPECT_TRUE(std::isnan(Take(checks)[0]));
  EXPECT_EQ(Rows(checks[0], "direct"), 64u);
  EXPECT_EQ(testing::UsedPlaces(reference_), 0);
}

TEST_F(ColdReadsTest, WhereNothingUnreadIsLeftANoticeSaysSoAndTheVerdictIsUnknown) {
  ASSERT_TRUE(testing::AllocateUnreadFile(folder_ / "full.bin", "used 0-65500\n"));
  std::vector<ColdCheck> checks = {Check("disk", folder_ / "full.bin"), Check("disk,prefetch=false")};
  const std::vector<double> unread = Take(checks);
  EXPECT_THAT(notice_, HasSubstr("device_cold is unknown: "));
  EXPECT_THAT(notice_,
              HasSubstr("full.bin: 64 reads of bytes that were never read are needed, 35 were left"));
  EXPECT_TRUE(std::isnan(unread[0]));
  EXPECT_FALSE(std::isnan(unread[1]));
  std::vector<ColdCheck> gone = {Check("disk", folder_ / "missing.bin")};
  EXPECT_TRUE(std::isnan(Take(gone)[0]));
  EXPECT_THAT(notice_, HasSubstr("missing.bin"));
}

TEST_F(ColdReadsTest, ATableThatCannotBeReadStopsNothing) {
  std::vector<ColdCheck> checks = {Check("disk")};
  std::filesystem::remove(table_);
  Take(checks);
  EXPECT_EQ(Rows(checks[0], "direct"), 0u);
  EXPECT_EQ(Rows(checks[0], "unread"), 64u);
}

TEST_F(ColdReadsTest, AMappingWithReadAheadTakesWhatTheKernelReadsAround) {
  const int64_t ahead = ReadAheadBytesOf(reference_);
  const int64_t row = 2 * (kRowBytes + ::sysconf(_SC_PAGESIZE));
  EXPECT_EQ(ReadingOf(Check("disk")).window_bytes, row);
  EXPECT_EQ(ReadingOf(Check("disk,backend=direct")).window_bytes, row);
  EXPECT_EQ(ReadingOf(Check("disk,backend=mmap")).window_bytes, row + ahead);
  std::vector<ColdCheck> checks = {Check("disk,backend=mmap", "", 16 * ahead / kRowBytes + 1)};
  EXPECT_EQ(ReadingOf(checks[0]).why_not, "");
  Take(checks);
  if (64 * (row + ahead) < kLeastUnreadBytes / 2) {
    EXPECT_EQ(Rows(checks[0], "unread"), 64u);
    EXPECT_EQ(testing::UsedPlaces(reference_), 64 * UnreadFile::WindowBytes(row + ahead) / kPlaceBytes);
  }
}

TEST_F(ColdReadsTest, AMappingThatReadsMoreThanTheTableAroundAFaultCannotBeCompared) {
  if (ReadAheadBytesOf(reference_) <= 100 * kRowBytes / 16)
    GTEST_SKIP() << "the kernel reads little around a fault";
  EXPECT_NE(ReadingOf(Check("disk,backend=mmap")).why_not, "");
  EXPECT_NE(ReadingOf(Check("disk,backend=io_uring")).why_not, "") << "nobody sees when its reads end";
  EXPECT_EQ(ReadingOf(Check("disk,backend=io_uring,prefetch=false")).why_not, "");
  EXPECT_EQ(ReadingOf(Check("disk")).why_not, "");
  std::vector<ColdCheck> checks = {Check("disk,backend=mmap")};
  EXPECT_TRUE(std::isnan(Take(checks)[0]));
  EXPECT_THAT(notice_, HasSubstr("device_cold is unknown: a mapping of "));
  EXPECT_EQ(testing::UsedPlaces(reference_), 0);
}

TEST_F(ColdReadsTest, TheBottomOfTheChainSaysHowRowsAreRead) {
  const std::string direct = ReadingOf(Check("disk,backend=direct")).text;
  EXPECT_THAT(direct, HasSubstr("backend=direct"));
  EXPECT_THAT(direct, HasSubstr("6000 bytes at 1000"));
  EXPECT_EQ(ReadingOf(Check("cached,over=disk,over.backend=direct")).text, direct);
  EXPECT_NE(ReadingOf(Check("cached,over=disk")).text, direct);
}

TEST_F(ColdReadsTest, OnlyThePageCacheReadsAheadAndNotWhereItIsToldNotTo) {
  for (const char* const spec :
       {"disk,backend=mmap", "disk,backend=pread", "cached,over=disk,over.backend=pread"})
    EXPECT_TRUE(ReadsAhead(Check(spec).options())) << spec;
  for (const char* const spec : {"disk,backend=mmap,advice=random", "disk,backend=pread,advice=random",
                                 "disk,backend=direct", "cached,over=disk,over.backend=direct", "resident"})
    EXPECT_FALSE(ReadsAhead(Check(spec).options())) << spec;
}

}  // namespace cold_reads_test
}  // namespace plelab
