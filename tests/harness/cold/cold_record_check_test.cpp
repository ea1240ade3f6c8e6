// What a file says of cold reads is recomputed; each lie is found, and an honest `no` is none.
#include "harness/cold/cold_record_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "harness/cold/cold_check.h"
#include "harness/record/recorder.h"

namespace plelab {
namespace cold_record_check_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const char* const kConfig =
    "experiment: ple_strategies\nmodel: {checkpoint: x}\n"
    "workload: {text_file: x, prompt_tokens: 4, decode_tokens: 3}\n"
    "page_cache: {initial: cold, maintain: evict_each_step}\n"
    "variants:\n"
    "  - {name: resident, ple: {strategy: resident}}\n"
    "  - {name: disk, ple: {strategy: disk}}\n"
    "  - {name: start, ple: {strategy: disk}, page_cache: {maintain: none}}\n";

void AddCurveRow(Curve& curve, const std::string& variant, const std::string& label, double y) {
  CurveRow row;
  row.series = variant;
  row.label = label;
  row.x = 0;
  row.y = y;
  curve.rows.push_back(row);
}

// One repetition of three steps.  A read of a row takes `row_ns`, of what was never read 1,000 to 1,063 ns,
// of the table with O_DIRECT 500.
Record RunOf(int64_t row_ns) {
  Record record;
  record.meta = {{"config_yaml", kConfig}};
  Curve reads{"cold_reference", "repetition", "ns", {}}, looks{"guest_cold", "repetition", "by label", {}};
  for (const std::string name : {"resident", "disk", "start", "resident@control"}) {
    const bool reads_file = name == "disk" || name == "start";
    VariantRow variant;
    variant.variant = name;
    variant.baseline = "resident";
    variant.file_bytes = reads_file ? 1'000 : 0;
    record.variants.push_back(variant);
    RepRow rep;
    rep.variant = name;
    rep.valid_steps = 3;
    rep.guest_cold = reads_file ? "yes" : "not_asked";
    rep.device_cold = name == "disk" ? (row_ns > 900 ? "yes" : "no") : "not_asked";
    for (int64_t step = 0; step < 3; ++step) {
      StepRow row;
      row.variant = name;
      row.step = step;
      row.read_calls = reads_file ? 1 : 0;
      row.ple_read_ns = reads_file ? row_ns : 0;
      record.steps.push_back(row);
    }
    if (reads_file) {
      AddCurveRow(reads, name, "direct", 500);
      AddCurveRow(looks, name, "looks", name == "disk" ? 4 : 1);
      AddCurveRow(looks, name, "cached_bytes", 0);
      rep.direct_ns = 500;
    }
    if (name == "disk") {
      for (int64_t i = 0; i < 64; ++i) AddCurveRow(reads, name, "unread", static_cast<double>(1'000 + i));
      rep.unread_ns = 1'031.5;
    }
    record.reps.push_back(rep);
  }
  record.curves = {reads, looks};
  return record;
}

std::vector<std::string> After(const std::function<void(Record&)>& change, int64_t row_ns = 1'000) {
  Record record = RunOf(row_ns);
  change(record);
  return ColdProblems(record);
}

TEST(ColdRecordCheck, WhatTheReadsGiveIsNoProblem) {
  EXPECT_THAT(ColdProblems(RunOf(1'000)), IsEmpty());
  EXPECT_THAT(ColdProblems(RunOf(20)), IsEmpty()) << "an honest no";
}

TEST(ColdRecordCheck, EachWordIsRecomputed) {
  EXPECT_THAT(After([](Record& r) { r.reps[1].device_cold = "no"; }),
              ElementsAre("reps: 'disk' rep 0: device_cold: the reads give 'yes', found 'no'"));
  EXPECT_THAT(After([](Record& r) { r.reps[1].device_cold = "yes"; }, 20),
              ElementsAre("reps: 'disk' rep 0: device_cold: the reads give 'no', found 'yes'"));
  EXPECT_THAT(After([](Record& r) { r.reps[1].device_cold = "unknown"; }, 20),
              ElementsAre(HasSubstr("device_cold: the reads give 'no', found 'unknown'")));
  EXPECT_THAT(After([](Record& r) { r.reps[1].device_cold = "not_asked"; }),
              ElementsAre(HasSubstr("device_cold: the reads give 'yes', found 'not_asked'")));
  EXPECT_THAT(After([](Record& r) { r.reps[2].device_cold = "yes"; }),
              ElementsAre("reps: 'start' rep 0: device_cold: the reads give 'not_asked', found 'yes'"));
  EXPECT_THAT(After([](Record& r) { r.reps[1].guest_cold = "no"; }),
              ElementsAre("reps: 'disk' rep 0: guest_cold: /curves/guest_cold gives 'yes', found 'no'"));
  EXPECT_THAT(After([](Record& r) { r.reps[0].guest_cold = "yes"; }),
              ElementsAre(HasSubstr("'resident' rep 0: guest_cold: /curves/guest_cold gives 'not_asked'")));
  EXPECT_THAT(After([](Record& r) { r.reps[3].guest_cold = "yes"; }),
              ElementsAre(HasSubstr("'resident@control' rep 0: guest_cold")))
      << "a twin is asked as its baseline";
}

TEST(ColdRecordCheck, ACopyInAGroupIsAskedAsItsOriginal) {
  const auto as_copy = [](Record& record, const std::string& word) {
    const auto rename = [](std::string& name) { name = name == "disk" ? "disk@maps@control" : name; };
    for (VariantRow& row : record.variants) rename(row.variant);
    for (RepRow& row : record.reps) rename(row.variant);
    for (StepRow& row : record.steps) rename(row.variant);
    for (Curve& curve : record.curves) {
      for (CurveRow& row : curve.rows) rename(row.series);
    }
    record.reps[1].device_cold = word;
  };
  EXPECT_THAT(After([&](Record& r) { as_copy(r, "yes"); }), IsEmpty());
  EXPECT_THAT(After([&](Record& r) { as_copy(r, "yes"); }, 20),
              ElementsAre(HasSubstr("device_cold: the reads give 'no', found 'yes'")));
}

TEST(ColdRecordCheck, APageThatWasFoundMakesNo) {
  const auto found = [](Record& r) { r.curves[1].rows[1].y = 4096; };
  EXPECT_THAT(After(found), ElementsAre(HasSubstr("guest_cold: /curves/guest_cold gives 'no', found 'yes'")));
  EXPECT_THAT(After([&](Record& r) {
                found(r);
                r.reps[1].guest_cold = "no";
              }),
              IsEmpty());
}

TEST(ColdRecordCheck, TheMediansAreThoseOfTheStoredReads) {
  EXPECT_THAT(After([](Record& r) { r.reps[1].unread_ns = 1'031; }),
              ElementsAre("reps: 'disk' rep 0: unread_ns is not the median of /curves/cold_reference"));
  EXPECT_THAT(After([](Record& r) { r.reps[1].direct_ns = kNotMeasured; }),
              ElementsAre(HasSubstr("direct_ns is not")));
  EXPECT_THAT(After([](Record& r) { r.reps[0].direct_ns = 3; }),
              ElementsAre(HasSubstr("'resident' rep 0: direct_ns")));
}

TEST(ColdRecordCheck, FewerThanSixtyFourReadsOrTooFewLooksGiveNothing) {
  EXPECT_THAT(After([](Record& r) {
                std::erase_if(r.curves[0].rows, [](const CurveRow& row) { return row.y == 1'000; });
                r.reps[1].unread_ns = 1'032;
              }),
              ElementsAre(HasSubstr("device_cold: the reads give 'unknown', found 'yes'")));
  EXPECT_THAT(After([](Record& r) { r.curves[1].rows[0].y = 3; }),
              ElementsAre(HasSubstr("guest_cold: /curves/guest_cold does not have 4 looks or more")));
  EXPECT_THAT(After([](Record& r) { r.curves[1].rows.clear(); }), ::testing::SizeIs(2));
}

TEST(ColdRecordCheck, AFileOfVersion1HasNeitherWord) {
  const Record record = ReadRecord(PLELAB_SOURCE_DIR "/tests/data/results/version_1.h5");
  ASSERT_FALSE(record.reps.empty());
  for (const RepRow& rep : record.reps) EXPECT_EQ(rep.guest_cold + rep.device_cold, "");
  EXPECT_THAT(ColdProblems(record), IsEmpty());
}

}  // namespace cold_record_check_test
}  // namespace plelab
