#include "harness/record/repetition_flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace plelab {
namespace repetition_flags_test {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// Two variants in five repetitions of three steps; a repetition lasts 2 s on 4 cores.
Record Timed(const std::function<int64_t(const std::string& variant, int64_t rep, int64_t step)>& ns) {
  Record record;
  record.meta = {{"cores", "4"}};
  for (const std::string variant : {"resident", "disk"}) {
    for (int64_t rep = 0; rep < 5; ++rep) {
      RepRow row;
      row.variant = variant;
      row.rep = rep;
      row.wall_ns = 2'000'000'000;
      record.reps.push_back(row);
      for (int64_t step = 0; step < 3; ++step) {
        StepRow one;
        one.variant = variant;
        one.rep = rep;
        one.step = step;
        one.step_ns = ns(variant, rep, step);
        record.steps.push_back(one);
      }
    }
  }
  return record;
}

Record Even() {
  return Timed([](const std::string&, int64_t, int64_t) { return 1'000'000; });
}

std::vector<std::string> Flags(const Record& record, const std::string& variant) {
  std::vector<std::string> flags;
  for (const RepRow& row : record.reps) {
    if (row.variant == variant) flags.push_back(row.flag);
  }
  return flags;
}

TEST(RepetitionFlags, AnEvenRunHasNone) {
  Record record = Even();
  FlagRepetitions(record);
  EXPECT_THAT(Flags(record, "resident"), ElementsAre("", "", "", "", ""));
  EXPECT_THAT(FlagProblems(record), IsEmpty());
}

TEST(RepetitionFlags, NamesTheStalledRepetitionOfTheVariantThatStalled) {
  // One step of disk's first repetition takes 3.4 ms more: its mean is 6.4 ms / 3 = 2.13 ms.
  Record record = Timed([](const std::string& variant, int64_t rep, int64_t step) {
    return variant == "disk" && rep == 0 && step == 1 ? 4'400'000 : 1'000'000;
  });
  FlagRepetitions(record);
  EXPECT_THAT(Flags(record, "disk"),
              ElementsAre("slow: its mean step is 2.13 × the median repetition's", "", "", "", ""));
  EXPECT_THAT(Flags(record, "resident"), ElementsAre("", "", "", "", ""));
  EXPECT_EQ(record.steps.size(), 30u) << "a flag removes nothing";
}

TEST(RepetitionFlags, AFastRepetitionIsFarFromTheOthersToo) {
  Record record = Timed([](const std::string& variant, int64_t rep, int64_t) {
    return variant == "resident" && rep == 3 ? 500'000 : 1'000'000;
  });
  FlagRepetitions(record);
  EXPECT_EQ(Flags(record, "resident")[3], "fast: its mean step is 0.50 × the median repetition's");
}

TEST(RepetitionFlags, CpuPressureIsAShareOfTheRepetitionsTime) {
  Record record = Even();
  record.reps[0].cpu_pressure_us = 100'000;  // 5 % of 2 s
  record.reps[1].cpu_pressure_us = 100'001;
  record.reps[2].cpu_pressure_us = 1'500'000;
  record.reps[3].cpu_pressure_us = kNotMeasured;
  FlagRepetitions(record);
  EXPECT_THAT(Flags(record, "resident"),
              ElementsAre("", "busy: tasks waited for a core in 5 % of its time",
                          "busy: tasks waited for a core in 75 % of its time", "", ""));
}

TEST(RepetitionFlags, StealIsAShareOfAllCoresTime) {
  Record record = Even();
  record.reps[0].steal_ns = 160'000'000;  // 2 % of 4 × 2 s
  record.reps[1].steal_ns = 160'000'001;
  record.reps[2].steal_ns = 400'000'000;
  record.reps[3].wall_ns = 0;  // a file that does not say how long it lasted
  record.reps[3].steal_ns = 400'000'000;
  FlagRepetitions(record);
  EXPECT_THAT(Flags(record, "resident"),
              ElementsAre("", "steal: the hypervisor took 2.0 % of the cores' time",
                          "steal: the hypervisor took 5.0 % of the cores' time", "", ""));
}

TEST(RepetitionFlags, WhereTheCoresAreNotKnownThereIsOne) {
  for (const char* cores : {"", "unknown", "0"}) {
    Record record = Even();
    record.meta = {{"cores", cores}};
    record.reps[0].steal_ns = 40'000'000;  // 2 % of 2 s
    record.reps[1].steal_ns = 40'000'001;
    FlagRepetitions(record);
    EXPECT_THAT(Flags(record, "resident"),
                ElementsAre("", "steal: the hypervisor took 2.0 % of the cores' time", "", "", ""))
        << cores;
  }
}

// Without steps a repetition has no mean, and the flags of the others stay theirs.
TEST(RepetitionFlags, ARepetitionWithoutStepsIsLeftOut) {
  Record record =
      Timed([](const std::string&, int64_t rep, int64_t) { return rep == 4 ? 2'000'000 : 1'000'000; });
  RepRow empty;
  empty.variant = "disk";
  empty.rep = 9;
  empty.flag = "of an earlier version";
  record.reps.insert(record.reps.begin() + 5, empty);
  FlagRepetitions(record);
  EXPECT_THAT(Flags(record, "disk"),
              ElementsAre("", "", "", "", "", "slow: its mean step is 2.00 × the median repetition's"));
}

TEST(RepetitionFlags, SeveralReasonsAreJoined) {
  Record record =
      Timed([](const std::string&, int64_t rep, int64_t) { return rep == 4 ? 2'000'000 : 1'000'000; });
  record.reps[4].cpu_pressure_us = 400'000;
  FlagRepetitions(record);
  EXPECT_EQ(
      record.reps[4].flag,
      "slow: its mean step is 2.00 × the median repetition's; busy: tasks waited for a core in 20 % of its "
      "time");
}

TEST(RepetitionFlags, AFileThatHidesOrInventsOneIsRefused) {
  Record record =
      Timed([](const std::string&, int64_t rep, int64_t) { return rep == 4 ? 2'000'000 : 1'000'000; });
  FlagRepetitions(record);
  EXPECT_THAT(FlagProblems(record), IsEmpty());
  record.reps[4].flag = "";
  record.reps[5].flag = "busy: so he said";
  EXPECT_THAT(
      FlagProblems(record),
      ElementsAre("reps: 'resident' rep 4: flag: the rows give 'slow: its mean step is 2.00 × the median "
                  "repetition's', found ''",
                  "reps: 'disk' rep 0: flag: the rows give '', found 'busy: so he said'"));
}

}  // namespace repetition_flags_test
}  // namespace plelab
