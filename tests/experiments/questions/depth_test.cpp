// The table printed at the end of a run of `depth`.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "experiments/questions/experiment.h"

namespace plelab {
namespace depth_test {

using ::testing::HasSubstr;
using ::testing::Not;

VariantRow Row(const std::string& name, const std::string& options) {
  VariantRow row;
  row.variant = name;
  row.baseline = "whole";
  row.status = "done";
  row.options_json = options;
  return row;
}

TEST(Depth, TheSummarySaysWhichLayersRanAndWhatItCost) {
  RunResult result;
  result.record.variants = {
      Row("whole",
          R"({"strategy": "resident", "edit": {}, "layers_run": "0-9", "stack_parameters": 6832000})"),
      Row("without_3", R"({"edit": {"skip": "3"}, "layers_run": "0-2+4-9", "stack_parameters": 6206000})"),
      Row("broken", R"({"edit": {"skip": "4"}, "layers_run": "0-3+5-9", "stack_parameters": 1})")};
  result.record.variants[2].status = "failed";
  result.record.variants[2].error = "no room";
  result.record.accuracy = {{"whole", "text", "nats_per_token", 2, 2, 2, 10},
                            {"without_3", "text", "nats_per_token", 2.25, 2, 2.5, 10},
                            {"without_3", "text", "delta_nats", 0.25, 0.15, 0.35, 10}};
  const std::string text = FindExperiment("depth").summary({}, result);
  EXPECT_THAT(text, HasSubstr("10 tokens"));
  EXPECT_THAT(text, HasSubstr("variant   layers run stack M     nats"));
  EXPECT_THAT(text, HasSubstr("whole            0-9   6.832   2.0000          baseline"));
  EXPECT_THAT(text, HasSubstr("without_3    0-2+4-9   6.206   2.2500   +0.2500 ±0.1000"));
  EXPECT_THAT(text, HasSubstr("broken    failed: no room\n"));
  EXPECT_THAT(text, Not(HasSubstr("0-3+5-9")));
}

}  // namespace depth_test
}  // namespace plelab
