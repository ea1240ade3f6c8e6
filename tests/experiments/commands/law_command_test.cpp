// `plelab law`, run as a user does.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>

#include "harness/support/process.h"
#include "tests/support/plelab.h"
#include "tests/support/temp_file.h"

namespace plelab {
namespace law_command_test {

using ::testing::Contains;
using ::testing::HasSubstr;

ProcessResult Law(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "law");
  return testing::RunPlelab(arguments);
}

nlohmann::json CasesOf(std::vector<std::string> arguments) {
  arguments.push_back("--json");
  const ProcessResult result = Law(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.Describe();
  return nlohmann::json::parse(result.output)["cases"];
}

TEST(LawCommand, AnswersEveryCombination) {
  const auto cases = CasesOf(
      {"--device", "nvme,sd", "--geometry", "gemma3n_e2b", "--step-ms", "2,10", "--rows-per-token", "1,16"});
  ASSERT_EQ(cases.size(), 8u);
  EXPECT_EQ(cases[0]["device"], "nvme");
  EXPECT_EQ(cases[7]["device"], "sd");
  EXPECT_EQ(cases[7]["step_ms"], 10);
  EXPECT_EQ(cases[7]["rows_per_token"], 16);
  EXPECT_EQ(cases[7]["row_bytes"], 15360);
}

// An SD card reads one row after the other: 16 of 15 KiB take 16 · (416 + 257) µs, of which 1/30 of a step is
// hidden.
TEST(LawCommand, SixteenRowsOfAnSdCardTakeSixteenReads) {
  const auto cases = CasesOf({"--device", "sd", "--geometry", "gemma3n_e2b", "--step-ms", "3",
                              "--rows-per-token", "16", "--constants", ""});
  EXPECT_NEAR(cases[0]["delta_ms"]["value"].get<double>(), 16 * (0.416 + 0.257) - 0.1, 0.2);
}

TEST(LawCommand, ATextRepeatsItsRowsAndACacheHoldsSome) {
  const std::string trace = PLELAB_SOURCE_DIR "/configs/traces/northanger_abbey_gemma.json";
  const std::vector<std::string> question = {"--device",  "emmc", "--geometry",       "gemma3n_e2b",
                                             "--step-ms", "5",    "--rows-per-token", "16",
                                             "--trace",   trace};
  const auto without = CasesOf(question);
  EXPECT_LT(without[0]["reads_per_step"].get<double>(), 16) << "users share frequent tokens";
  EXPECT_EQ(without[0]["hit_rate"], 0);
  std::vector<std::string> cached = question;
  cached.insert(cached.end(), {"--cache", "64MiB"});
  const auto with = CasesOf(cached);
  EXPECT_GT(with[0]["hit_rate"].get<double>(), 0.5);
  EXPECT_LT(with[0]["delta_ms"]["value"].get<double>(), without[0]["delta_ms"]["value"].get<double>());
}

TEST(LawCommand, ShowsTheIntervalOfFittedConstants) {
  const std::string text =
      "step_us: 100\nrow_us: 0\ncollect_us: 0\nkib_us: 0\nmean_error_units: 1\np99_error_units: "
      "2\nfitted_to: \"runs.h5\"\n";
  const TempFile constants(std::as_bytes(std::span(text)));
  const std::vector<std::string> question = {"--device",  "nvme", "--geometry",  "gemma3n_e2b",
                                             "--step-ms", "100",  "--constants", constants.path()};
  const auto cases = CasesOf(question);
  EXPECT_NEAR(cases[0]["delta_ms"]["value"].get<double>(), 0.1, 0.01);
  EXPECT_NEAR(cases[0]["delta_ms"]["high"].get<double>(), 0.6, 0.01);
  EXPECT_THAT(Law(question).output, HasSubstr("Fitted to runs.h5"));
}

TEST(LawCommand, RefusesWhatItCannotAnswer) {
  const auto refused = [](std::vector<std::string> arguments, const std::string& why) {
    const ProcessResult result = Law(arguments);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.last_lines, Contains(HasSubstr(why)));
  };
  refused({"--device", "ufs5", "--geometry", "gemma3n_e2b", "--step-ms", "5"}, "unknown device 'ufs5'");
  refused({"--device", "sd", "--geometry", "gemma3n_e2", "--step-ms", "5"}, "did you mean");
  refused({"--device", "sd", "--geometry", "gemma3n_e2b", "--step-ms", "-5"}, "--step-ms -5");
  refused({"--device", "sd", "--geometry", "gemma3n_e2b", "--step-ms", "5", "--cache", "64MiB"}, "--trace");
  refused({"--device", "sd", "--geometry", "gemma3n_e2b", "--step-ms", "5", "--policy", "mru"},
          "known here: lru");
}

}  // namespace law_command_test
}  // namespace plelab
