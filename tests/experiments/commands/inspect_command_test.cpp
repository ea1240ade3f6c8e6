// `plelab inspect`, `plelab synth` and `plelab list`, run as a user does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <sstream>

#include "harness/config/experiment_config.h"
#include "harness/support/process.h"
#include "model/ple/policies/cache_policies.h"
#include "model/ple/strategies/strategy_table.h"
#include "model/ple/strategies/transform_table.h"
#include "tests/support/checkpoint_files.h"
#include "tests/support/plelab.h"

namespace plelab {
namespace inspect_command_test {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::RunPlelab;
using testing::TemporaryFolder;

TEST(InspectCommand, PrintsThePublishedCountsAsFlatJson) {
  const ProcessResult result = RunPlelab({"inspect", "--shape", "e2b", "--json"});
  ASSERT_EQ(result.exit_code, 0);
  const auto json = nlohmann::json::parse(result.output);
  EXPECT_EQ(json["total"], 5439438272);
  EXPECT_EQ(json["effective"], 1905495648);
  EXPECT_EQ(json["working_set"], 2421916768);
  EXPECT_EQ(json["ple_table"], 2013265920);
  EXPECT_EQ(json["token_embedding"], 537395200);
  EXPECT_EQ(json["unused_kv"], 20974080);
  EXPECT_EQ(json["bytes"]["total"], 2 * 5439438272);
  for (const auto& item : json.items())
    EXPECT_TRUE(item.key() == "bytes" || item.value().is_number_integer());
  const auto e4b = nlohmann::json::parse(RunPlelab({"inspect", "--shape", "e4b", "--json"}).output);
  EXPECT_EQ(e4b["total"], 7849978192);
  EXPECT_EQ(e4b["effective"], 3980491248);
  EXPECT_EQ(e4b["working_set"], 4486425328);
}

TEST(InspectCommand, TheTableFitsATerminal) {
  const ProcessResult result = RunPlelab({"inspect", "--shape", "e2b"});
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("5,439,438,272"), HasSubstr("1,905,495,648"), HasSubstr("2,421,916,768")));
  std::istringstream lines(result.output);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 100u) << line;
}

TEST(InspectCommand, ACheckpointSaysWhatItIsAndLacks) {
  const ProcessResult result = RunPlelab({"inspect", "tests/data/text/mixed"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.output, AllOf(HasSubstr("weights: random"), HasSubstr("no vision_tower"),
                                   HasSubstr("no audio_tower"), HasSubstr("no unused k/v")));
}

TEST(InspectCommand, CountsAHeadOfItsOwn) {
  const auto json = nlohmann::json::parse(RunPlelab({"inspect", "tests/data/text/untied", "--json"}).output);
  EXPECT_EQ(json["lm_head"], 50 * 32);
  EXPECT_EQ(json["working_set"], json["text_stack"].get<int64_t>() + 2 * 50 * 32);
  EXPECT_THAT(RunPlelab({"inspect", "tests/data/text/untied"}).output, HasSubstr("not tied"));
  EXPECT_FALSE(
      nlohmann::json::parse(RunPlelab({"inspect", "--shape", "e2b", "--json"}).output).contains("lm_head"));
}

TEST(InspectCommand, MistakesAreOneLineAndExit2) {
  for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
           {"inspect", "nowhere"}, {"inspect", "--shape", "e3b"}, {"inspect"}}) {
    const ProcessResult result = RunPlelab(arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.output, IsEmpty());
    EXPECT_EQ(result.last_lines.size(), 1u);
  }
}

TEST(Program, NamesAnUnknownSubcommandAndTheNearest) {
  const ProcessResult result = RunPlelab({"insepct"});
  EXPECT_EQ(result.exit_code, 2);
  ASSERT_EQ(result.last_lines.size(), 1u);
  EXPECT_THAT(result.last_lines[0], AllOf(HasSubstr("unknown subcommand 'insepct'; known: list, inspect"),
                                          HasSubstr("did you mean 'inspect'?")));
}

TEST(SynthCommand, WritesTheSmallShapeWithItsVocabularyAndRefusesToReplaceIt) {
  const TemporaryFolder folder;
  const ProcessResult result =
      RunPlelab({"synth", "--shape", "small", "--out", folder.path(), "--seed", "3"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(testing::ReadText(folder / "tokenizer.model"),
            testing::ReadText("configs/models/small/tokenizer.model"));
  EXPECT_THAT(RunPlelab({"inspect", folder.path()}).output, HasSubstr("weights: random"));
  const ProcessResult again = RunPlelab({"synth", "--shape", "small", "--out", folder.path()});
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_THAT(again.last_lines, ElementsAre(HasSubstr("--force")));
  EXPECT_EQ(RunPlelab({"synth", "--shape", "small", "--out", folder.path(), "--force"}).exit_code, 0);
}

TEST(SynthCommand, AnyConfigIsAShape) {
  const TemporaryFolder folder;
  testing::WriteText(folder / "tiny.json", testing::TinyConfig());
  EXPECT_EQ(
      RunPlelab({"synth", "--shape", folder / "tiny.json", "--out", folder / "out", "--dtype", "float32"})
          .exit_code,
      0);
  const auto json = nlohmann::json::parse(RunPlelab({"inspect", folder / "out", "--json"}).output);
  EXPECT_EQ(json["ple_table"], 32 * 12);
  EXPECT_EQ(json["bytes"]["ple_table"], 4 * 32 * 12);
}

TEST(ListCommand, NamesExperimentsStrategiesTransformsAndShapes) {
  const ProcessResult result = RunPlelab({"list"});
  EXPECT_EQ(result.exit_code, 0);
  for (const char* word :
       {"ple_strategies", "parameter_groups", "ple_ablation", "resident", "cached", "disk", "dropped",
        "low_rank", "rank", "zero_layers", "layers", "depth", "skip", "ffn", "e2b", "small"}) {
    EXPECT_THAT(result.output, HasSubstr(word));
  }
}

TEST(ListCommand, ShowsEveryRowOfTheTables) {
  const std::string text = RunPlelab({"list"}).output;
  const auto json = nlohmann::json::parse(RunPlelab({"list", "--json"}).output);
  const auto expect = [&](const char* list, const auto& rows) {
    ASSERT_EQ(json[list].size(), rows.size()) << list;
    for (size_t i = 0; i < rows.size(); ++i) {
      EXPECT_EQ(json[list][i]["name"], rows[i].name);
      EXPECT_EQ(json[list][i]["help"], rows[i].help);
      if (rows[i].name == "none") continue;
      EXPECT_THAT(text, HasSubstr(std::string(rows[i].help)));
    }
  };
  expect("strategies", Strategies());
  expect("transforms", Transforms());
  expect("policies", CachePolicies());
  EXPECT_EQ(json["experiments"].size(), KnownExperiments().size());
}

TEST(ListCommand, DescribesOptionsForPrograms) {
  const auto json = nlohmann::json::parse(RunPlelab({"list", "--json"}).output);
  const auto& cached = json["strategies"][1];
  EXPECT_EQ(cached["exact"], true);
  EXPECT_EQ(cached["over"], true);
  EXPECT_EQ(cached["options"][0]["key"], "capacity");
  EXPECT_EQ(cached["options"][0]["default"], "64MiB");
  EXPECT_EQ(cached["options"][1]["words"],
            nlohmann::json::array({"lru", "lfu", "clock", "s3fifo", "sieve", "tinylfu", "static_hot"}));
  EXPECT_EQ(json["strategies"][4]["name"], "folded");
  EXPECT_EQ(json["strategies"][4]["exact"], false);
  EXPECT_EQ(json["transforms"][1]["options"][0]["required"], true);
}

}  // namespace inspect_command_test
}  // namespace plelab
