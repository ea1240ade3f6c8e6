#include "harness/training/training_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/schema/config_schema.h"
#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace training_config_test {

using ::testing::HasSubstr;

const std::string kHead = "arm: {name: a, shape: small}\ntokens: {folder: t, budget: 1000}\n";

std::string ErrorOf(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  try {
    ParseTrainingConfig(yaml, "x.yaml", overrides);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(TrainingConfig, ResolvedYamlHoldsEveryKeyAndGivesTheSameConfig) {
  const TrainingConfig config = ParseTrainingConfig(
      kHead + "optimizer: {lr: 1e-3, warmup: 5%}\noutput: {result: r.h5}\n", "x.yaml", {"arm.seed=4"});
  EXPECT_EQ(config.run_name(), "a_4");
  EXPECT_EQ(config.optimizer.warmup, 0.05);
  EXPECT_EQ(config.output.folder, ".work/training/a_4");
  const TrainingConfig again = ParseTrainingConfig(config.resolved_yaml, "resolved");
  EXPECT_EQ(again.resolved_yaml, config.resolved_yaml);
  EXPECT_EQ(again.arm, config.arm);
  EXPECT_EQ(again.optimizer, config.optimizer);
  EXPECT_EQ(again.output, config.output);
}

TEST(TrainingConfig, MistakesAreNamedWithTheirPlace) {
  EXPECT_THAT(ErrorOf("arm: {name: a, shape: small}\n"), HasSubstr("x.yaml:1:1: missing key 'tokens'"));
  EXPECT_THAT(ErrorOf(kHead + "optimiser: {}\n"), HasSubstr("x.yaml:3:1: unknown key 'optimiser'"));
  EXPECT_THAT(ErrorOf(kHead + "optimizer: {rate: 1}\n"),
              HasSubstr("x.yaml:3:13: unknown key 'rate' in 'optimizer'"));
  EXPECT_THAT(ErrorOf(kHead + "compute: {dtype: float16}\n"), HasSubstr("x.yaml:3:18"));
  EXPECT_THAT(ErrorOf("arm: {name: a}\ntokens: {folder: t, budget: 1}\n"),
              HasSubstr("missing key 'shape' in 'arm'"));
  EXPECT_THAT(ErrorOf("arm: {name: a/b, shape: small}\ntokens: {folder: t, budget: 1}\n"),
              HasSubstr("x.yaml:1:13"));
  EXPECT_THAT(ErrorOf(kHead, {"tokens.budget=0"}), HasSubstr("--set tokens.budget=0"));
  EXPECT_THAT(ErrorOf("[]"), HasSubstr("expected a map"));
}

TEST(TrainingConfig, StepsCoverTheBudget) {
  EXPECT_EQ(ParseTrainingConfig(kHead, "x", {"tokens.budget=4096", "tokens.batch=16"}).steps(), 1);
  EXPECT_EQ(ParseTrainingConfig(kHead, "x", {"tokens.budget=4097", "tokens.batch=16"}).steps(), 2);
}

TEST(ArmConfigJson, ChangesKeysAndEveryEntryOfLists) {
  ArmSection arm;
  arm.shape = "small";
  arm.change = {"hidden_size=320", "intermediate_size=700",
                "activation_sparsity_pattern=[0,0,0,0,0,0,0,0,0,0.5]"};
  const auto json = nlohmann::json::parse(ArmConfigJson(arm));
  EXPECT_EQ(json["hidden_size"], 320);
  EXPECT_EQ(json["intermediate_size"], nlohmann::json(std::vector<int>(10, 700)));
  EXPECT_EQ(json["activation_sparsity_pattern"][9], 0.5);
  arm.change = {"hidden=320"};
  EXPECT_THROW(ArmConfigJson(arm), UserError);
  arm.change = {"hidden_size=wide"};
  EXPECT_THROW(ArmConfigJson(arm), UserError);
}

TEST(TrainingConfig, EveryShippedConfigIsReadAndItsShapeFits) {
  int found = 0;
  for (const auto& file :
       std::filesystem::recursive_directory_iterator(PLELAB_SOURCE_DIR "/configs/training")) {
    if (file.path().extension() != ".yaml") continue;
    const TrainingConfig config = ReadTrainingConfig(file.path().string());
    EXPECT_NO_THROW(ParseConfig(ArmConfigJson(config.arm), config.arm.shape)) << file.path();
    ++found;
  }
  EXPECT_GT(found, 0);
}

TEST(TrainingConfig, TheCommittedSchemaIsTheGeneratedOne) {
  const std::string generated = PLELAB_BINARY_DIR "/training.schema.json";
  testing::WriteText(generated, TrainingJsonSchema());
  EXPECT_TRUE(testing::ReadText(PLELAB_SOURCE_DIR "/configs/training.schema.json") ==
              testing::ReadText(generated))
      << "cp " << generated << " configs/training.schema.json";
}

}  // namespace training_config_test
}  // namespace plelab
