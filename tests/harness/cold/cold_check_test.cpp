// guest_cold from both sides: a page that is held in the page cache stays through an eviction, and must be
// seen where it holds a row that is about to be read, and nowhere else.
#include "harness/cold/cold_check.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cmath>
#include <memory>

#include "harness/cold/device_cold.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace cold_check_test {

using ::testing::ElementsAre;

constexpr int64_t kPage = 4096;
constexpr int64_t kRowBytes = 6000;  // rows straddle pages
constexpr int64_t kOffset = (int64_t{1} << 20) + 1000;
constexpr int64_t kRows = 2000;

// Maps and touches one page of a file, which an eviction then cannot drop.
class HeldPage {
 public:
  HeldPage(const std::string& path, int64_t offset) {
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    page_ = ::mmap(nullptr, kPage, PROT_READ, MAP_SHARED, fd, offset / kPage * kPage);
    ::close(fd);
    ::madvise(page_, kPage, MADV_RANDOM);
    (void)*static_cast<const volatile char*>(page_);
  }
  ~HeldPage() { ::munmap(page_, kPage); }
  HeldPage(const HeldPage&) = delete;
  HeldPage& operator=(const HeldPage&) = delete;

 private:
  void* page_;
};

class GuestColdTest : public ::testing::Test {
 protected:
  void SetUp() override {
    struct statfs where = {};
    statfs(folder_.path().c_str(), &where);
    if (where.f_type == TMPFS_MAGIC) GTEST_SKIP() << "a tmpfs has no storage behind its page cache";
    WriteEvicted(path_, kOffset + kRows * kRowBytes + 5000);
  }
  // What was written lies in the page cache in folios of many pages, of which one held page would keep all.
  static void WriteEvicted(const std::string& path, int64_t bytes) {
    testing::WriteText(path, std::string(static_cast<size_t>(bytes), 'x'));
    EvictFromPageCache({path, 0, bytes});
  }

  // A variant that reads rows of this file, evicted before each step.
  VariantPlan Variant(const std::string& spec = "disk") const {
    VariantPlan variant;
    variant.config.name = "disk";
    variant.config.ple = ParsePleSpec(spec);
    variant.config.page_cache.initial = PageCacheInitial::kCold;
    variant.config.page_cache.maintain = PageCacheMaintain::kEvictEachStep;
    variant.table = {path_, kOffset, {kRows, 3, 1000, DType::kBFloat16}};
    variant.footprint.file_bytes = 1;
    return variant;
  }
  // guest_cold where these ids are read next, of a repetition that began cold.
  static std::string Guest(const VariantPlan& variant, const std::vector<int64_t>& ids) {
    ColdCheck check(variant);
    check.BeforeStep(ids);
    RepRow rep;
    check.Describe({}, rep);
    return rep.guest_cold;
  }
  static int64_t OffsetOf(int64_t row) { return kOffset + row * kRowBytes; }

  testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "model.safetensors";
};

TEST_F(GuestColdTest, NothingIsHeldAndAllIsCold) {
  WarmPageCache({path_, 0, OffsetOf(kRows)});
  EXPECT_EQ(Guest(Variant(), {0, 700, kRows - 1}), "yes") << "the step evicts what was there";
}

TEST_F(GuestColdTest, APageOfTheRowThatIsThereIsSeenAtEitherEnd) {
  for (const int64_t byte : {int64_t{0}, kRowBytes / 2, kRowBytes - 1}) {
    const HeldPage page(path_, OffsetOf(700) + byte);
    EXPECT_EQ(Guest(Variant(), {700}), "no") << byte;
  }
}

TEST_F(GuestColdTest, APageBesideTheRowIsNoneOfIt) {
  const int64_t first = OffsetOf(700) / kPage, last = (OffsetOf(700) + kRowBytes - 1) / kPage;
  const HeldPage before(path_, (first - 1) * kPage), behind(path_, (last + 1) * kPage);
  EXPECT_EQ(Guest(Variant(), {700}), "yes");
  EXPECT_EQ(Guest(Variant(), {701}), "no") << "the next row lies there";
}

TEST_F(GuestColdTest, WhereTheRowWouldLieWithoutTheTablesOffsetIsNotLookedAt) {
  const HeldPage page(path_, 700 * kRowBytes);
  EXPECT_EQ(Guest(Variant(), {700}), "yes");
}

TEST_F(GuestColdTest, EachOfSeveralSequencesCounts) {
  const HeldPage page(path_, OffsetOf(700) + kRowBytes / 2);
  EXPECT_EQ(Guest(Variant(), {5, 700, 9}), "no");
  EXPECT_EQ(Guest(Variant(), {700, 5}), "no");
  EXPECT_EQ(Guest(Variant(), {5, 9}), "yes");
}

TEST_F(GuestColdTest, AnIdBeyondTheTableReadsRowZero) {
  const HeldPage page(path_, OffsetOf(0) + 10);
  EXPECT_EQ(Guest(Variant(), {kRows}), "no");
  EXPECT_EQ(Guest(Variant(), {kRows - 1}), "yes");
}

TEST_F(GuestColdTest, OneStepOfManyIsEnoughForNo) {
  ColdCheck check(Variant());
  const std::vector<int64_t> ids = {700};
  check.BeforeStep(ids);
  {
    const HeldPage page(path_, OffsetOf(700));
    check.BeforeStep(ids);
  }
  check.BeforeStep(ids);
  RepRow rep;
  check.Describe({}, rep);
  EXPECT_EQ(rep.guest_cold, "no");
}

TEST_F(GuestColdTest, FoldedReadsItsOwnTableAndPlainRowsForOtherIds) {
  const std::string folded = folder_ / "folded.safetensors";
  WriteEvicted(folded, 500 + kRows * 2 * kRowBytes);
  VariantPlan variant = Variant("folded");
  variant.table.folded =
      std::make_shared<const PleTable>(PleTable{folded, 500, {kRows, 3, 1000, DType::kFloat32}});
  {
    const HeldPage plain(path_, OffsetOf(700));
    EXPECT_EQ(Guest(variant, {700}), "yes");
  }
  {
    const HeldPage own(folded, 500 + 700 * 2 * kRowBytes);
    EXPECT_EQ(Guest(variant, {700}), "no");
    EXPECT_EQ(Guest(variant, {699}), "no") << "it ends on the same page";
    EXPECT_EQ(Guest(variant, {701}), "yes");
  }
  const HeldPage zero(path_, OffsetOf(0));
  EXPECT_EQ(Guest(variant, {kRows}), "no") << "a soft token";
}

TEST_F(GuestColdTest, BehindATransformTheWholeTableIsLookedAt) {
  const HeldPage page(path_, OffsetOf(1234));
  EXPECT_EQ(Guest(Variant("disk,transform=shuffled"), {700}), "no") << "700 may read row 1234";
  EXPECT_EQ(Guest(Variant(), {700}), "yes");
}

TEST_F(GuestColdTest, WithoutEvictionAtEachStepTheStartCounts) {
  VariantPlan variant = Variant();
  variant.config.page_cache.maintain = PageCacheMaintain::kNone;
  RepRow rep;
  ColdCheck cold(variant);
  cold.BeforePrefill();
  cold.BeforeStep(std::vector<int64_t>{700});
  cold.Describe({}, rep);
  EXPECT_EQ(rep.guest_cold, "yes");
  EXPECT_EQ(rep.device_cold, "not_asked") << "rows that come again are rightly cached";
  EXPECT_EQ(rep.page_cache, "cold");
  const HeldPage page(path_, OffsetOf(1234));
  ColdCheck held(variant);
  held.BeforePrefill();
  held.Describe({}, rep);
  EXPECT_EQ(rep.guest_cold, "no");
}

TEST_F(GuestColdTest, NobodyIsAskedWhoReadsNoFileOrNeedNotBeCold) {
  std::vector<VariantPlan> variants(4, Variant());
  variants[0].footprint.file_bytes = 0;
  variants[1].config.page_cache.verify = false;
  variants[2].config.page_cache = PageCacheSection{};
  variants[2].config.page_cache.initial = PageCacheInitial::kWarm;
  variants[3].config.page_cache = PageCacheSection{};
  for (const VariantPlan& variant : variants) {
    const HeldPage page(path_, OffsetOf(700));
    ColdCheck check(variant);
    check.BeforePrefill();
    check.BeforeStep(std::vector<int64_t>{700});
    RepRow rep;
    check.Describe({}, rep);
    EXPECT_EQ(rep.guest_cold, "not_asked");
    EXPECT_EQ(rep.device_cold, "not_asked");
    EXPECT_THAT(check.Curves("disk", 0), ::testing::IsEmpty());
  }
}

TEST_F(GuestColdTest, TheCurvesHoldWhatTheWordsAreMadeOf) {
  ColdCheck check(Variant());
  check.BeforePrefill();
  const HeldPage page(path_, OffsetOf(700) + kPage);
  check.BeforeStep(std::vector<int64_t>{700, 5});
  check.Keep({.direct_ns = {30, 10, 20}, .unread_ns = {7, 5}});
  const std::vector<Curve> curves = check.Curves("d", 4);
  ASSERT_EQ(curves.size(), 2u);
  EXPECT_EQ(curves[0].name, "cold_reference");
  std::vector<std::string> labels;
  std::vector<double> ns;
  for (const CurveRow& row : curves[0].rows) {
    EXPECT_EQ(row.series, "d");
    EXPECT_EQ(row.x, 4);
    labels.push_back(row.label);
    ns.push_back(row.y);
  }
  EXPECT_THAT(labels, ElementsAre("unread", "unread", "direct", "direct", "direct"));
  EXPECT_THAT(ns, ElementsAre(7, 5, 30, 10, 20));
  EXPECT_EQ(curves[1].name, "guest_cold");
  ASSERT_EQ(curves[1].rows.size(), 2u);
  EXPECT_EQ(curves[1].rows[0].label, "looks");
  EXPECT_EQ(curves[1].rows[0].y, 3) << "the table before the prompt, and two rows";
  EXPECT_EQ(curves[1].rows[1].label, "cached_bytes");
  EXPECT_GT(curves[1].rows[1].y, 0);
  EXPECT_LT(curves[1].rows[1].y, kRowBytes) << "one of the row's pages";
}

StepRow Read(int64_t ns) {
  StepRow step;
  step.ple_read_ns = ns;
  step.read_calls = 1;
  return step;
}

TEST_F(GuestColdTest, TheRowsOfARepetitionAreComparedWithItsUnreadReads) {
  ColdCheck check(Variant());
  check.Keep({.direct_ns = {30, 10, 50}, .unread_ns = std::vector<double>(64, 1000)});
  RepRow rep;
  check.Describe(std::vector<StepRow>{Read(900), Read(1100)}, rep);
  EXPECT_EQ(rep.device_cold, "yes");
  EXPECT_EQ(rep.direct_ns, 30);
  EXPECT_EQ(rep.unread_ns, 1000);
  check.Describe(std::vector<StepRow>{Read(90), Read(110)}, rep);
  EXPECT_EQ(rep.device_cold, "no");
  check.Keep({});
  check.Describe(std::vector<StepRow>{Read(90), Read(110)}, rep);
  EXPECT_EQ(rep.device_cold, "unknown");
  EXPECT_TRUE(std::isnan(rep.direct_ns));
  EXPECT_TRUE(std::isnan(rep.unread_ns));
}

}  // namespace cold_check_test
}  // namespace plelab
