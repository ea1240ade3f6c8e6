// Whole runs on a tiny checkpoint: what they record of cold reads, and which reference files they refuse
// before anything runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>

#include "harness/cold/cold_plan.h"
#include "harness/cold/cold_record_check.h"
#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "harness/storage/page_cache.h"
#include "model/base/error.h"
#include "tests/harness/cold/unread_files.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace cold_run_test {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::TinyRun;

const char* const kVariants =
    "  - {name: resident, ple: {strategy: resident}}\n"
    "  - {name: disk, ple: {strategy: disk}}\n"
    "  - {name: cached, ple: {strategy: cached, capacity: 5%}}\n"
    "  - {name: direct, ple: {strategy: disk, backend: direct}}\n"
    "  - {name: folded, ple: {strategy: folded}}\n";
const char* const kDesign = "warmup_steps: 2, reps: 2, memory_reps: 0";

class ColdRun : public ::testing::Test {
 protected:
  std::string Cold() const {
    return "page_cache: {initial: cold, maintain: evict_each_step, reference: " + reference_ + "}\n";
  }
  ExperimentConfig Config(const std::string& design = kDesign) const {
    return tiny_.Config(design, kVariants, Cold());
  }
  std::string ErrorOf(const std::string& design = kDesign) const {
    try {
      plelab::Run(Config(design), tiny_.Options());
    } catch (const UserError& error) {
      return error.what();
    }
    return "none";
  }
  void Allocate(const std::string& used = "") {
    if (!testing::AllocateUnreadFile(reference_, used))
      GTEST_SKIP() << "no room for a reference file of 4 GiB";
  }

  TinyRun tiny_;
  const std::string reference_ = tiny_.folder() + "/reference.bin";
};

std::map<std::string, int64_t> CountLabels(const Record& record, const std::string& curve,
                                           const std::string& variant) {
  std::map<std::string, int64_t> counts;
  for (const Curve& c : record.curves) {
    for (const CurveRow& row : c.rows) {
      if (c.name == curve && row.series == variant) ++counts[row.label];
    }
  }
  return counts;
}

TEST_F(ColdRun, RecordsBothWordsAndAllThatTheyAreMadeOf) {
  Allocate();
  if (IsSkipped()) return;
  plelab::Run(Config(), tiny_.Options());
  EXPECT_THAT(ResultProblems(tiny_.out()), IsEmpty());
  Record record = ReadRecord(tiny_.out());
  EXPECT_THAT(ColdProblems(record), IsEmpty());
  const std::set<std::string> readers = {"disk", "cached", "direct", "folded"};
  for (const RepRow& rep : record.reps) {
    if (!readers.contains(rep.variant)) {
      EXPECT_EQ(rep.guest_cold, "not_asked") << rep.variant;
      EXPECT_EQ(rep.device_cold, "not_asked") << rep.variant;
      continue;
    }
    EXPECT_EQ(rep.guest_cold, "yes") << rep.variant;
    EXPECT_THAT(rep.device_cold, ::testing::AnyOf("yes", "no")) << rep.variant;
    EXPECT_GT(rep.unread_ns, 0);
  }
  for (const std::string& variant : readers) {
    EXPECT_EQ(CountLabels(record, "cold_reference", variant)["unread"], 2 * 64) << variant;
    EXPECT_EQ(CountLabels(record, "guest_cold", variant)["looks"], 2) << variant;
  }
  EXPECT_THAT(CountLabels(record, "cold_reference", "resident"), IsEmpty());
  // Two repetitions; cached reads as disk does, direct in another way, folded rows of another size.
  EXPECT_EQ(testing::UsedPlaces(reference_), 2 * 3 * 64);
  EXPECT_THAT(MetaValue(record.meta, "cold_reference"), HasSubstr("0 of 65536 places read before"));
  const bool trend = std::ranges::any_of(record.comparisons, [](const ComparisonRow& row) {
    return row.statistic == "read_trend" && row.metric == "unread_ns" && row.variant == "folded";
  });
  EXPECT_TRUE(trend);

  record.reps.back().device_cold = "yes";
  record.reps.back().unread_ns += 1;
  EXPECT_THAT(ColdProblems(record), ::testing::Not(IsEmpty()));
}

TEST_F(ColdRun, WithoutAReferenceDeviceColdIsUnknown) {
  const std::string cold = "page_cache: {initial: cold, maintain: evict_each_step}\n";
  const Record record = plelab::Run(tiny_.Config(kDesign, kVariants, cold), tiny_.Options()).record;
  for (const RepRow& rep : record.reps) {
    const bool reads = rep.guest_cold != "not_asked";
    EXPECT_EQ(rep.device_cold, reads ? "unknown" : "not_asked") << rep.variant;
    EXPECT_TRUE(std::isnan(rep.unread_ns));
  }
  EXPECT_EQ(CountLabels(record, "cold_reference", "disk")["unread"], 0);
  EXPECT_THAT(ColdProblems(record), IsEmpty());
}

TEST_F(ColdRun, AProcessForEachVariantReadsItsOwn) {
  Allocate();
  if (IsSkipped()) return;
  const std::string design = std::string(kDesign) + ", isolate: process";
  RunOptions options = tiny_.Options();
  testing::WriteText(tiny_.config_path(), tiny_.Yaml(design, kVariants, Cold()));
  EXPECT_NO_THROW(CheckColdReferences(ResolvePlan(Config(design)), 2));
  EXPECT_THROW(CheckColdReferences(ResolvePlan(Config(design)), 65'535 / 64 / 4 + 1), UserError)
      << "four variants read 64 places in each repetition";
  EXPECT_NO_THROW(CheckColdReferences(ResolvePlan(Config(design)), 65'535 / 64 / 4));
}

TEST_F(ColdRun, AReferenceThatIsMissingStopsBeforeAnythingRuns) {
  EXPECT_THAT(ErrorOf(), HasSubstr("tiny.yaml:5:67: 'reference' in 'page_cache': "));
  EXPECT_THAT(ErrorOf(), HasSubstr("reference.bin"));
  EXPECT_FALSE(std::filesystem::exists(tiny_.out()));
  EXPECT_FALSE(std::filesystem::exists(PartsFolder(tiny_.out())));
}

TEST_F(ColdRun, ASmallOneToo) {
  ASSERT_TRUE(testing::WriteByScript(reference_, "1MiB"));
  EXPECT_THAT(ErrorOf(), HasSubstr("expected at least 4.0 GiB, found 1.0 MiB"));
}

TEST_F(ColdRun, AndOneWithoutEnoughUnreadPlaces) {
  Allocate("used 0-65200\n");
  if (IsSkipped()) return;
  EXPECT_THAT(ErrorOf(),
              HasSubstr("2 repetitions read 384 of its places of 64 KiB, and 335 were never read"));
  EXPECT_EQ(ErrorOf("warmup_steps: 2, reps: 1, memory_reps: 0"), "none") << "192 are enough";
}

TEST_F(ColdRun, AndOneOnAnotherFileSystem) {
  if (!std::filesystem::is_directory("/dev/shm")) GTEST_SKIP() << "no other file system is at hand";
  Allocate();
  if (IsSkipped()) return;
  const testing::TemporaryFolder elsewhere("/dev/shm");
  testing::WriteText(elsewhere / "table", "x");
  RunPlan plan = ResolvePlan(Config());
  EXPECT_NO_THROW(CheckColdReferences(plan, 1));
  plan.variants[1].table.path = elsewhere / "table";
  try {
    CheckColdReferences(plan, 1);
    ADD_FAILURE() << "it is on the disk, the table is not";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("expected a file on the file system of " + elsewhere / "table"));
  }
}

TEST_F(ColdRun, WhoAsksForNoVerdictNeedsNoReference) {
  const std::string unverified =
      "page_cache: {initial: cold, maintain: evict_each_step, verify: false, reference: " + reference_ +
      "}\n";
  EXPECT_NO_THROW(plelab::Run(tiny_.Config(kDesign, kVariants, unverified), tiny_.Options()));
}

}  // namespace cold_run_test
}  // namespace plelab
