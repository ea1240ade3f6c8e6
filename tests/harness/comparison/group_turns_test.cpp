#include "harness/comparison/group_turns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plelab {
namespace group_turns_test {

using ::testing::ElementsAre;

VariantRow Variant(const std::string& name, const std::string& baseline) {
  VariantRow row;
  row.variant = name;
  row.baseline = baseline;
  return row;
}

StepRow Step(const std::string& variant, const std::string& predecessor, int64_t rep, int64_t step,
             int64_t ns) {
  StepRow row;
  row.variant = variant;
  row.predecessor = predecessor;
  row.rep = rep;
  row.step = step;
  row.step_ns = ns;
  return row;
}

// Two groups, a with b and c with d; a step without a predecessor, and one whose predecessor is of the other
// group.
Record TwoGroups() {
  Record record;
  record.variants = {Variant("c", "c"), Variant("b", "a"), Variant("a", "a"), Variant("d", "c")};
  record.steps = {Step("a", "", 3, 0, 11),  Step("b", "a", 3, 0, 12), Step("a", "b", 3, 1, 13),
                  Step("c", "d", 3, 1, 14), Step("d", "c", 4, 5, 15), Step("b", "d", 4, 5, 16),
                  Step("b", "a", 4, 6, 17)};
  return record;
}

std::vector<std::vector<double>> Plain(const RepTurns& turns) {
  std::vector<std::vector<double>> plain;
  for (const Turn& t : turns) {
    plain.push_back({static_cast<double>(t.step), static_cast<double>(t.variant),
                     static_cast<double>(t.predecessor), t.ns});
  }
  return plain;
}

TEST(GroupTurnsTest, AreThoseOfOneBaselineInTheRecordsOrder) {
  const GroupTurns turns = TurnsOf(TwoGroups(), "a");
  EXPECT_THAT(turns.names, ElementsAre("b", "a"));
  ASSERT_EQ(turns.reps.size(), 2u);
  EXPECT_THAT(Plain(turns.reps.at(3)), ElementsAre(ElementsAre(0, 0, 1, 12), ElementsAre(1, 1, 0, 13)));
  EXPECT_THAT(Plain(turns.reps.at(4)), ElementsAre(ElementsAre(6, 0, 1, 17)));
}

TEST(GroupTurnsTest, OfTheOtherBaselineAreTheOthers) {
  const GroupTurns turns = TurnsOf(TwoGroups(), "c");
  EXPECT_THAT(turns.names, ElementsAre("c", "d"));
  EXPECT_THAT(Plain(turns.reps.at(3)), ElementsAre(ElementsAre(1, 0, 1, 14)));
  EXPECT_THAT(Plain(turns.reps.at(4)), ElementsAre(ElementsAre(5, 1, 0, 15)));
  EXPECT_TRUE(TurnsOf(TwoGroups(), "b").names.empty());
}

TEST(GroupTurnsTest, AVariantThatIsThereTwiceIsOne) {
  Record record = TwoGroups();
  record.variants.push_back(Variant("b", "a"));
  EXPECT_THAT(TurnsOf(record, "a").names, ElementsAre("b", "a"));
}

}  // namespace group_turns_test
}  // namespace plelab
