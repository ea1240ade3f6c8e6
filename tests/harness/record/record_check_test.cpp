#include "harness/record/record_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/record/record_fixture.h"

namespace plelab {
namespace record_check_test {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::MakeRecord;

TEST(RecordCheck, FindsNothingWhereEverythingHolds) { EXPECT_THAT(CheckRecord(MakeRecord()), IsEmpty()); }

VariantRow NewVariant() {
  VariantRow variant;
  variant.variant = "new";
  return variant;
}

struct Fault {
  const char* name;
  void (*inject)(Record&);
  const char* problem;
};

class RecordCheckFault : public ::testing::TestWithParam<Fault> {};

TEST_P(RecordCheckFault, IsReported) {
  Record record = MakeRecord();
  GetParam().inject(record);
  EXPECT_THAT(CheckRecord(record), Contains(HasSubstr(GetParam().problem)));
}

// The record has the variants resident, disk (both exact) and dropped, and two reps of three steps each, in
// this order.
const Fault kFaults[] = {
    {"WeightsUnlabelled", [](Record& r) { r.meta[1].second = ""; },
     "meta: weights: expected random, trained"},
    {"ConfigMissing", [](Record& r) { r.meta.erase(r.meta.begin()); }, "meta: config_yaml is missing"},
    {"VariantTwice", [](Record& r) { r.variants[1].variant = "resident"; },
     "variants: 'resident' is there twice"},
    {"UnknownStatus", [](Record& r) { r.variants[0].status = "ok"; },
     "expected done, failed or skipped, found 'ok'"},
    {"SilentFailure", [](Record& r) { r.variants[2].status = "failed"; },
     "'dropped' failed and says no error"},
    {"ContributionTwice", [](Record& r) { r.contribution.push_back(r.contribution[0]); },
     "ple_contribution: 'resident' layer 3 relative_norm of tokens all is there twice"},
    {"ContributionOfAGhost", [](Record& r) { r.contribution[0].variant = "ghost"; },
     "ple_contribution: 'ghost' is not in variants"},
    {"ContributionsIntervalUpsideDown", [](Record& r) { r.contribution[0].low = 0.3; },
     "low 0.3 is above high 0.26"},
    {"PartOfAGhost", [](Record& r) { r.step_parts[0].variant = "ghost"; },
     "step_parts: 'ghost' is not in variants"},
    {"PartTwice", [](Record& r) { r.step_parts[1].part = "attention"; },
     "step_parts: 'resident' rep 1 part 'attention' is there twice"},
    {"PartWithoutName", [](Record& r) { r.step_parts[0].part = ""; }, "rep 1 part '': no part"},
    {"PartOfNoStep", [](Record& r) { r.step_parts[0].steps = 0; },
     "part 'attention': a negative time or count, or no step"},
    {"PartOfNegativeTime", [](Record& r) { r.step_parts[0].time_ns = -1; },
     "part 'attention': a negative time or count, or no step"},
    {"PartsOfOtherBytes", [](Record& r) { r.step_parts[1].step_bytes = 60; },
     "step_parts: 'resident' rep 1: 910 bytes in all parts, 900 in its last step"},
    {"PartsOfNoRepetition", [](Record& r) { r.step_parts[0].rep = 7; },
     "step_parts: 'resident' rep 7 has no row in steps"},
    {"UnknownVariantInReps", [](Record& r) { r.reps[0].variant = "ghost"; },
     "reps: 'ghost' is not in variants"},
    {"UnknownVariantInSteps", [](Record& r) { r.steps[0].variant = "ghost"; },
     "steps: 'ghost' is not in variants"},
    {"UnknownVariantInMemory", [](Record& r) { r.memory[0].variant = "ghost"; }, "memory: 'ghost' is not in"},
    {"UnknownVariantInAccuracy", [](Record& r) { r.accuracy[0].variant = "ghost"; },
     "accuracy: 'ghost' is not in"},
    {"UnknownVariantInTokens", [](Record& r) { r.tokens[0].variant = "ghost"; }, "tokens: 'ghost' is not in"},
    {"RepTwice", [](Record& r) { r.reps.push_back(r.reps[0]); }, "reps: 'resident' rep 0 is there twice"},
    {"RepMissing", [](Record& r) { r.reps.erase(r.reps.begin()); },
     "steps: 'resident' rep 0 has no row in reps"},
    {"StepMissing", [](Record& r) { r.steps.pop_back(); }, "'dropped' rep 1: valid_steps is 3, steps has 2"},
    {"StepTwice", [](Record& r) { r.steps[1].step = 0; }, "steps: 'resident' rep 0 step 0 is there twice"},
    {"NoTime", [](Record& r) { r.steps[0].step_ns = 0; }, "steps: 'resident' rep 0 step 0: step_ns is 0"},
    {"GhostPredecessor", [](Record& r) { r.steps[0].predecessor = "ghost"; },
     "step 0: predecessor 'ghost' is not in variants"},
    {"NegativeWait", [](Record& r) { r.steps[0].ple_wait_ns = -1; }, "step 0: a negative time or count"},
    {"NegativeLoad", [](Record& r) { r.reps[0].load_ns = -1; },
     "reps: 'resident' rep 0: a negative time or count"},
    {"NegativeEnergy", [](Record& r) { r.reps[0].energy_j = -1; }, "reps: 'resident' rep 0: a negative time"},
    {"NoBandwidth", [](Record& r) { r.reps[0].bandwidth_after = 0; }, "rep 0: a bandwidth of 0 or less"},
    {"LookupsDoNotAddUp", [](Record& r) { r.steps[0].hits = 0; }, "hits 0 + misses 0 is not lookups 1"},
    {"BytesMovedBelowUnknown", [](Record& r) { r.steps[6].bytes_moved = -2; }, "bytes_moved is -2"},
    {"NegativeHeldBytes", [](Record& r) { r.steps[6].held_bytes = -1; }, "a negative time or count"},
    {"ExactVariantsDiffer", [](Record& r) { r.reps[3].output_sha256 = "cc"; },
     "outputs: rep 1: exact variants 'resident' and 'disk' differ in output_sha256"},
    {"ExactVariantHasNoHash", [](Record& r) { r.reps[2].output_sha256 = ""; },
     "'disk' rep 0: output_sha256 is empty"},
    {"NegativeMemory", [](Record& r) { r.memory[0].bytes = -1; },
     "memory: 'resident' rep 0 decode anonymous: -1"},
    {"MemoryTwice", [](Record& r) { r.memory.push_back(r.memory[0]); }, "decode anonymous is there twice"},
    {"IntervalUpsideDown", [](Record& r) { r.accuracy[0].low = 3; }, "low 3 is above high 2.6"},
    {"NegativeNats", [](Record& r) { r.tokens[0].nats = -1; }, "document 0 position 7: negative nats or kl"},
    {"UnknownBaseline", [](Record& r) { r.variants[2].baseline = "ghost"; },
     "'dropped': baseline 'ghost' is not in"},
    {"DoneWithoutRepetition", [](Record& r) { r.variants.push_back(NewVariant()); },
     "'new' is done and has no rep"},
};

INSTANTIATE_TEST_SUITE_P(Every, RecordCheckFault, ::testing::ValuesIn(kFaults),
                         [](const auto& info) { return std::string(info.param.name); });

TEST(RecordCheck, AVariantThatFailedMayDifferOrHaveNoRepetition) {
  Record record = MakeRecord();
  record.variants[1].status = "failed";
  record.variants[1].error = "disk: row 7, offset 107520: the file ends at byte 4096";
  record.reps[3].output_sha256 = "cc";
  record.variants.push_back(NewVariant());
  record.variants.back().status = "failed";
  record.variants.back().error = "no such file";
  EXPECT_THAT(CheckRecord(record), IsEmpty());
}

TEST(RecordCheck, ExactVariantsOfAnotherBaselineMayDiffer) {
  Record record = MakeRecord();
  record.reps[2].output_sha256 = "another";
  record.reps[3].output_sha256 = "yet another";
  record.variants[1].baseline = "disk";  // differs in model or workload
  EXPECT_THAT(CheckRecord(record), IsEmpty());
}

TEST(RecordCheck, OneMistakeInEveryRowDoesNotBuryTheOthers) {
  Record record = MakeRecord();
  for (StepRow& step : record.steps) step.hits += 1;
  record.variants[0].status = "ok";
  const auto problems = CheckRecord(record);
  EXPECT_EQ(problems.size(), 7u);  // five of the 18 steps, the count of the rest, and the variant
  EXPECT_THAT(problems, Contains("steps: … and 13 more like it"));
  EXPECT_THAT(problems, Contains(HasSubstr("found 'ok'")));
}

}  // namespace record_check_test
}  // namespace plelab
