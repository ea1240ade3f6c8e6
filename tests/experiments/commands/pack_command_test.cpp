// `plelab pack`, run as a user does: every command takes what it writes as a checkpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "harness/support/process.h"
#include "model/base/format.h"
#include "tests/support/plelab.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace pack_command_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::RunPlelab;
using testing::TemporaryFolder;

constexpr char kSmall[] = "configs/models/small";

TEST(PackCommand, QuantisedWeightsAreACheckpointForEveryCommand) {
  const TemporaryFolder folder;
  const std::string packed = folder.path() + "/int8", both = folder.path() + "/both";
  const ProcessResult said = RunPlelab({"pack", kSmall, "--out", packed, "--weights-dtype", "int8"});
  ASSERT_EQ(said.exit_code, 0) << said.output;
  EXPECT_THAT(said.output, AllOf(HasSubstr("weights of 8.1"), HasSubstr("before: ")));

  const std::vector<std::string> prompt = {"--prompt", "It was a truth", "--max-tokens", "6"};
  const auto generate = [&](const std::string& checkpoint) {
    std::vector<std::string> arguments = {"generate", checkpoint};
    arguments.insert(arguments.end(), prompt.begin(), prompt.end());
    return RunPlelab(arguments);
  };
  const ProcessResult exact = generate(kSmall), quantised = generate(packed);
  ASSERT_EQ(quantised.exit_code, 0) << quantised.output;
  EXPECT_THAT(Join(quantised.last_lines, "\n"), HasSubstr("weights trained"));
  EXPECT_EQ(quantised.output.substr(0, 20), exact.output.substr(0, 20))
      << "int8 chooses the same first words";

  const auto count = [](const std::string& checkpoint) {
    return nlohmann::json::parse(RunPlelab({"inspect", checkpoint, "--json"}).output);
  };
  EXPECT_EQ(count(packed)["total"], count(kSmall)["total"]);
  EXPECT_LT(count(packed)["bytes"]["working_set"],
            count(kSmall)["bytes"]["working_set"].get<double>() * 0.52);

  // The table of the packed folder can be packed in turn.
  ASSERT_EQ(RunPlelab({"pack", packed, "--out", both, "--ple-dtype", "int8"}).exit_code, 0);
  EXPECT_EQ(generate(both).exit_code, 0);
}

TEST(PackCommand, SaysWhatToDoAboutMistakes) {
  const TemporaryFolder folder;
  const std::string packed = folder.path() + "/a";
  const auto error_of = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"pack", kSmall, "--out", packed});
    const ProcessResult result = RunPlelab(arguments);
    EXPECT_EQ(result.exit_code, 2) << result.output;
    return Join(result.last_lines, "\n");
  };
  EXPECT_THAT(error_of({"--weights-dtype", "int3"}), HasSubstr("--weights-dtype"));
  EXPECT_THAT(error_of({"--weights-dtype", "int4", "--ple-dtype", "int8"}), HasSubstr("--ple-dtype"));
  EXPECT_THAT(error_of({"--weights-group", "32"}), HasSubstr("--weights-dtype"));
  EXPECT_THAT(error_of({"--weights-dtype", "int4", "--weights-int8", "norms"}), HasSubstr("embedding"));
}

}  // namespace pack_command_test
}  // namespace plelab
