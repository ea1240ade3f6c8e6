// A run of `depth`: one set of weights, scored under several lists of layers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "harness/run/runner.h"
#include "model/base/error.h"
#include "model/catalog/parameter_count.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace depth_run_test {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RecordedAccuracy;
using testing::TinyRun;

ExperimentConfig Depth(const TinyRun& tiny, const std::string& variants) {
  return ParseExperimentConfig(
      Format("experiment: depth\nmodel: {{checkpoint: {}, dtype: float32, threads: 1}}\n"
             "accuracy: {{trace: {}, context: 16, max_tokens: 60}}\nvariants:\n{}",
             tiny.checkpoint(), tiny.trace(), variants),
      "tiny.yaml");
}

std::string Variant(const std::string& name, const std::string& layers) {
  return Format("  - {{name: {}, ple: {{strategy: resident}}, layers: {}}}\n", name, layers);
}

TEST(DepthRun, ScoresEachListAgainstTheWholeModelAndRecordsIt) {
  const TinyRun tiny;
  const Gemma3nConfig model = Checkpoint::Open(tiny.checkpoint()).config();
  const int64_t layers = model.text.num_hidden_layers;
  const std::string all = Format("0-{}", layers - 1);
  const auto config =
      Depth(tiny, Variant("before", "{skip: 0}") +
                      "  - {name: whole, ple: {strategy: resident}}\n"
                      "  - {name: disk, ple: {strategy: disk}}\n" +
                      Variant("same", "{order: " + all + "}") + Variant("twice", "{repeat: 1}") +
                      Variant("thin", "{ffn: 50%}") + Variant("after", "{skip: [0]}"));
  const RunResult result = plelab::Run(config, tiny.Options());
  EXPECT_FALSE(result.any_failed);
  EXPECT_THAT(ResultProblems(tiny.out()), IsEmpty());
  const Record record = ReadRecord(tiny.out());
  EXPECT_THAT(record.steps, IsEmpty());

  const double whole = RecordedAccuracy(record, "whole", "nats_per_token");
  EXPECT_EQ(RecordedAccuracy(record, "same", "nats_per_token"), whole);
  EXPECT_EQ(RecordedAccuracy(record, "disk", "delta_nats"), 0)
      << "exact, shown on lists that take turns with edited ones";
  for (const char* name : {"before", "twice", "thin"}) {
    EXPECT_NE(RecordedAccuracy(record, name, "nats_per_token"), whole) << name;
    EXPECT_GT(RecordedAccuracy(record, name, "kl_to_resident"), 0) << name;
  }
  EXPECT_EQ(RecordedAccuracy(record, "before", "nats_per_token"),
            RecordedAccuracy(record, "after", "nats_per_token"));

  std::map<std::string, nlohmann::json> options;
  for (const auto& variant : record.variants) {
    options[variant.variant] = nlohmann::json::parse(variant.options_json);
    EXPECT_EQ(variant.baseline, "whole");
    EXPECT_EQ(variant.exact, variant.variant == "whole" || variant.variant == "disk") << variant.variant;
  }
  EXPECT_EQ(options["whole"]["edit"], nlohmann::json::object());
  EXPECT_EQ(options["whole"]["layers_run"], all);
  EXPECT_EQ(options["whole"]["stack_parameters"],
            CountPublished(model, DType::kBFloat16).parameters[ParameterGroup::kTextStack]);
  EXPECT_EQ(options["before"]["edit"], (nlohmann::json{{"skip", "0"}}));
  EXPECT_EQ(options["before"]["layers_run"], Format("1-{}", layers - 1));
  EXPECT_EQ(options["thin"]["edit"], (nlohmann::json{{"ffn", "0.5"}}));
  EXPECT_EQ(options["twice"]["layers_run"], Format("0-1+1-{}", layers - 1));
  EXPECT_LT(options["before"]["stack_parameters"], options["whole"]["stack_parameters"]);
  EXPECT_GT(options["twice"]["stack_parameters"], options["whole"]["stack_parameters"]);
}

TEST(DepthRun, AnEditThatTheCheckpointCannotRunStopsTheRunWithItsPlace) {
  const TinyRun tiny;
  try {
    plelab::Run(Depth(tiny, "  - {name: whole, ple: {strategy: resident}}\n" + Variant("far", "{skip: 99}")),
                tiny.Options());
    FAIL() << "no error";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(),
                HasSubstr("tiny.yaml:6:12: variant 'far': 'skip' names layer 99, the checkpoint has"));
  }
  EXPECT_FALSE(std::filesystem::exists(tiny.out()));
}

}  // namespace depth_run_test
}  // namespace plelab
