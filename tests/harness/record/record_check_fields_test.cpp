// Each field that a check names, wrong by itself: no one of them hides behind another.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "harness/record/record_check.h"
#include "tests/harness/record/record_fixture.h"

namespace plelab {
namespace record_check_fields_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeRecord;

std::vector<std::string> After(const std::function<void(Record&)>& change) {
  Record record = MakeRecord();
  change(record);
  return CheckRecord(record);
}

TEST(RecordCheckFields, ACountOfAStepIsNotNegative) {
  for (const auto field : {&StepRow::ple_wait_ns, &StepRow::ple_hidden_ns, &StepRow::read_calls,
                           &StepRow::bytes_asked, &StepRow::step_bytes}) {
    EXPECT_THAT(After([&](Record& r) { r.steps[6].*field = -3; }),
                ElementsAre(HasSubstr("'disk' rep 0 step 0: a negative time or count")));
  }
  // Hits and misses that add up.
  EXPECT_THAT(After([](Record& r) { r.steps[6].hits = -1, r.steps[6].misses = 2; }),
              ElementsAre(HasSubstr("a negative time or count")));
  EXPECT_THAT(After([](Record& r) { r.steps[6].hits = 2, r.steps[6].misses = -1; }),
              ElementsAre(HasSubstr("a negative time or count")));
  EXPECT_THAT(After([](Record& r) { r.steps[6].lookups = -1, r.steps[6].misses = -1; }),
              ElementsAre(HasSubstr("a negative time or count")));
  EXPECT_THAT(After([](Record& r) { r.steps[6].step_ns = -1; }), ElementsAre(HasSubstr("step_ns is -1")));
  EXPECT_THAT(After([](Record& r) { r.steps[6].step_ns = 1; }), IsEmpty());
}

TEST(RecordCheckFields, ACountOfARepetitionIsNotNegative) {
  for (const auto field :
       {&RepRow::load_ns, &RepRow::ttft_ns, &RepRow::prefill_ns, &RepRow::prefill_ple_wait_ns,
        &RepRow::started_unix_ns, &RepRow::steal_ns, &RepRow::major_faults}) {
    EXPECT_THAT(After([&](Record& r) { r.reps[4].*field = -1; }),
                ElementsAre(HasSubstr("'dropped' rep 0: a negative time or count")));
    EXPECT_THAT(After([&](Record& r) { r.reps[4].*field = 0; }), IsEmpty());
  }
  for (const auto field : {&RepRow::psi_memory_us, &RepRow::psi_io_us, &RepRow::energy_j}) {
    EXPECT_THAT(After([&](Record& r) { r.reps[4].*field = -0.5; }),
                ElementsAre(HasSubstr("'dropped' rep 0: a negative time or count")));
    EXPECT_THAT(After([&](Record& r) { r.reps[4].*field = 0; }), IsEmpty());
  }
  for (const auto field : {&RepRow::bandwidth_before, &RepRow::bandwidth_after}) {
    EXPECT_THAT(After([&](Record& r) { r.reps[4].*field = 0; }), ElementsAre(HasSubstr("a bandwidth of 0")));
    EXPECT_THAT(After([&](Record& r) { r.reps[4].*field = 0.1; }), IsEmpty());
  }
}

TEST(RecordCheckFields, BytesOfAVariantAreNotNegative) {
  for (const auto field : {&VariantRow::fast_bytes, &VariantRow::file_bytes, &VariantRow::table_bytes}) {
    EXPECT_EQ(After([&](Record& r) { r.variants[1].*field = -1; }).size(), 1u);
    EXPECT_THAT(After([&](Record& r) { r.variants[1].*field = 1; }), IsEmpty());
  }
  EXPECT_THAT(After([](Record& r) { r.variants[2].exact = -1; }),
              ElementsAre(HasSubstr("'dropped': exact is -1")));
  EXPECT_THAT(After([](Record& r) { r.variants[2].status = "skipped"; }), IsEmpty());
  EXPECT_FALSE(After([](Record& r) { r.variants[2].variant = ""; }).empty());
}

TEST(RecordCheckFields, ALabelOfEachKindIsTakenAndEachKeyIsNeeded) {
  for (const char* label : {"random", "trained", "unlabelled"}) {
    EXPECT_THAT(After([&](Record& r) { r.meta[1].second = label; }), IsEmpty()) << label;
  }
  EXPECT_THAT(After([](Record& r) { r.meta[1].second = "none"; }), ElementsAre(HasSubstr("found 'none'")));
  Record counted;
  counted.meta = MakeRecord().meta;
  counted.meta[1].second = "none";
  EXPECT_THAT(CheckRecord(counted), IsEmpty()) << "parameters were counted, nothing was run";
  for (const size_t key : {0, 2, 3, 4}) {
    EXPECT_THAT(After([&](Record& r) { r.meta[key].second = ""; }),
                ElementsAre(HasSubstr(MakeRecord().meta[key].first + " is missing or empty")));
  }
}

TEST(RecordCheckFields, OfMemoryAccuracyTokensAndContributions) {
  const std::pair<const char*, std::function<void(Record&)>> faults[] = {
      {"no phase or no counter", [](Record& r) { r.memory[0].phase = ""; }},
      {"no phase or no counter", [](Record& r) { r.memory[0].counter = ""; }},
      {"n is -1", [](Record& r) { r.accuracy[0].n = -1; }},
      {"is there twice", [](Record& r) { r.accuracy.push_back(r.accuracy[0]); }},
      {"negative nats or kl", [](Record& r) { r.tokens[0].nats = -1e-5; }},
      {"negative nats or kl", [](Record& r) { r.tokens[0].kl = -1e-5; }},
      {"no metric or no bucket", [](Record& r) { r.contribution[0].metric = ""; }},
      {"no metric or no bucket", [](Record& r) { r.contribution[0].bucket = ""; }},
      {"ple_contribution", [](Record& r) { r.contribution[0].n = -1; }},
      {"ple_contribution", [](Record& r) { r.contribution[0].layer = -1; }}};
  for (const auto& [problem, inject] : faults) {
    EXPECT_THAT(After(inject), ElementsAre(HasSubstr(problem))) << problem;
  }
  const std::function<void(Record&)> fine[] = {
      [](Record& r) { r.memory[0].bytes = 0; },
      [](Record& r) { r.accuracy[0].n = 0; },
      [](Record& r) { r.tokens[0].nats = -1e-7; },
      [](Record& r) { r.tokens[0].kl = -1e-7; },
      [](Record& r) { r.contribution[0].n = 0; },
      [](Record& r) { r.contribution[0].layer = 0; },
      [](Record& r) { r.accuracy[0].low = r.accuracy[0].high; },
      [](Record& r) { r.contribution[0].low = r.contribution[0].high; }};
  for (const auto& change : fine) EXPECT_THAT(After(change), IsEmpty());
}

TEST(RecordCheckFields, FiveMistakesOfAKindAreShownAndTheRestCounted) {
  const auto broken = [](size_t n) {
    return After([&](Record& r) {
      for (size_t i = 0; i < n; ++i) r.steps[i].step_ns = 0;
    });
  };
  EXPECT_EQ(broken(5).size(), 5u);
  EXPECT_EQ(broken(6).size(), 6u);
  EXPECT_EQ(broken(6).back(), "steps: … and 1 more like it");
  EXPECT_EQ(broken(8).back(), "steps: … and 3 more like it");
}

TEST(RecordCheckFields, OutputsMustAgreeWithinABaselineAndARepetition) {
  EXPECT_THAT(After([](Record& r) { r.reps[0].output_sha256 = r.reps[2].output_sha256 = "cc"; }), IsEmpty())
      << "both exact variants of repetition 0";
  EXPECT_THAT(After([](Record& r) { r.reps[4].output_sha256 = "cc"; }), IsEmpty()) << "an ablation";
  EXPECT_THAT(After([](Record& r) {
                r.reps[2].output_sha256 = "";
                r.reps[2].valid_steps = 0;
                std::erase_if(r.steps, [](const StepRow& s) { return s.variant == "disk" && s.rep == 0; });
              }),
              IsEmpty())
      << "nothing was measured, so there is no output";
}

}  // namespace record_check_fields_test
}  // namespace plelab
