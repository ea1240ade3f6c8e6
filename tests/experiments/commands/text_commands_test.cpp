// `plelab generate` and `plelab logits`, run as a user does on a tiny random checkpoint with the shipped
// vocabulary.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/record/hdf5_file.h"
#include "harness/support/process.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace text_commands_test {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ReadText;
using testing::TemporaryFolder;
using testing::WriteText;

const std::string kPlelab = PLELAB_BINARY_DIR "/plelab";
const std::string kModels = PLELAB_SOURCE_DIR "/configs/models";
constexpr int64_t kVocab = 8448;

// The shipped shape with everything but the vocabulary made small.  The window of 4 is shorter than every
// prompt here.
std::string TinyConfig() {
  auto config = nlohmann::json::parse(ReadText(kModels + "/small.json"));
  config["hidden_size"] = 32;
  config["hidden_size_per_layer_input"] = 8;
  config["intermediate_size"] = {48, 48, 48, 24, 24, 24, 24, 24, 24, 24};
  config["head_dim"] = 8;
  config["laurel_rank"] = 4;
  config["sliding_window"] = 4;
  return config.dump();
}

class TextCommands : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    WriteText(*folder_ / "tiny.json", TinyConfig());
    const ProcessResult synth = RunProgram(
        {kPlelab, "synth", "--shape", *folder_ / "tiny.json", "--out", *folder_ / "tiny", "--seed", "7"});
    ASSERT_EQ(synth.exit_code, 0) << synth.output;
    std::filesystem::copy_file(kModels + "/small/tokenizer.model", *folder_ / "tiny/tokenizer.model",
                               std::filesystem::copy_options::overwrite_existing);
    WriteText(*folder_ / "ids.json", "[2, 500, 501, 7000, 2, 8191, 8447, 3, 600, 601, 602]");
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static std::string Path(const std::string& name) { return *folder_ / name; }
  static ProcessResult Run(const std::string& command, std::vector<std::string> options) {
    options.insert(options.begin(), {kPlelab, command, Path("tiny")});
    return RunProgram(options);
  }
  static ProcessResult Logits(const std::string& out, std::vector<std::string> options = {}) {
    options.insert(options.end(), {"--tokens", Path("ids.json"), "--out", Path(out)});
    return Run("logits", options);
  }
  static FloatMatrix LogitsIn(const std::string& out) { return Hdf5Reader(Path(out)).ReadMatrix("/logits"); }
  static std::string Generated(std::vector<std::string> options) {
    options.insert(options.end(), {"--prompt", "It was a truth", "--max-tokens", "12"});
    const ProcessResult result = Run("generate", options);
    EXPECT_EQ(result.exit_code, 0) << ::testing::PrintToString(result.last_lines);
    return result.output;
  }

  static TemporaryFolder* folder_;
};

TemporaryFolder* TextCommands::folder_ = nullptr;

TEST_F(TextCommands, LogitsWritesOneRowPerTokenAndSaysWhatTheyAre) {
  const ProcessResult result = Logits("a.h5");
  ASSERT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, Path("a.h5") + ": /logits, float32 [11, 8448]\n");
  const FloatMatrix logits = LogitsIn("a.h5");
  EXPECT_EQ(logits.rows, 11);
  EXPECT_EQ(logits.cols, kVocab);
  float largest = 0;
  for (const float value : logits.values) {
    ASSERT_TRUE(std::isfinite(value));
    largest = std::max(largest, std::abs(value));
  }
  EXPECT_GT(largest, 0.1f);
  EXPECT_LE(largest, 30.0f);  // softcap
  std::map<std::string, std::string> attributes;
  for (const auto& [name, value] : Hdf5Reader(Path("a.h5")).ReadAttributes("/")) attributes[name] = value;
  EXPECT_EQ(attributes["weights"], "random");
  EXPECT_EQ(attributes["dtype"], "float32");
  EXPECT_THAT(attributes["ple"], HasSubstr("resident"));
  EXPECT_EQ(attributes["config_sha256"].size(), 64u);
}

TEST_F(TextCommands, StepByStepThroughTheCacheEqualsOnePass) {
  ASSERT_EQ(Logits("pass.h5").exit_code, 0);
  ASSERT_EQ(Logits("step.h5", {"--step"}).exit_code, 0);
  const FloatMatrix pass = LogitsIn("pass.h5"), step = LogitsIn("step.h5");
  ASSERT_EQ(pass.values.size(), step.values.size());
  float largest = 0, apart = 0;
  for (size_t i = 0; i < pass.values.size(); ++i) {
    largest = std::max(largest, std::abs(pass.values[i]));
    apart = std::max(apart, std::abs(pass.values[i] - step.values[i]));
  }
  EXPECT_LE(apart, 2e-4f * largest);
}

TEST_F(TextCommands, EveryExactStrategyGivesTheSameBitsInBothDtypes) {
  for (const std::string dtype : {"float32", "bfloat16"}) {
    ASSERT_EQ(Logits("resident.h5", {"--dtype", dtype, "--force"}).exit_code, 0);
    const auto resident = LogitsIn("resident.h5").values;
    for (const std::string ple : {"cached,capacity=5%", "cached,capacity=0", "disk", "disk,backend=direct",
                                  "disk,backend=mmap", "disk,prefetch=false"}) {
      const ProcessResult result = Logits("other.h5", {"--dtype", dtype, "--ple", ple, "--force"});
      ASSERT_EQ(result.exit_code, 0) << ple << ::testing::PrintToString(result.last_lines);
      EXPECT_TRUE(LogitsIn("other.h5").values == resident) << ple << " in " << dtype;
    }
    ASSERT_EQ(Logits("other.h5", {"--dtype", dtype, "--ple", "dropped", "--force"}).exit_code, 0);
    EXPECT_FALSE(LogitsIn("other.h5").values == resident) << "PLE rows change nothing: are they applied?";
  }
}

TEST_F(TextCommands, LogitsNeverReplacesAFileUnasked) {
  WriteText(Path("mine.h5"), "precious");
  const ProcessResult result = Logits("mine.h5");
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.last_lines, ElementsAre(AllOf(HasSubstr("mine.h5"), HasSubstr("--force"))));
  EXPECT_EQ(ReadText(Path("mine.h5")), "precious");
  EXPECT_EQ(Logits("mine.h5", {"--force"}).exit_code, 0);
  EXPECT_EQ(LogitsIn("mine.h5").rows, 11);
}

TEST_F(TextCommands, LogitsNamesWhatIsWrongWithTheIds) {
  const std::pair<const char*, const char*> cases[] = {{"[1, 2", "expected JSON"},
                                                       {"[]", "no ids"},
                                                       {"[1, 8448]", "token 1 is 8448"},
                                                       {"[-1]", "token 0 is -1"},
                                                       {"[[1]]", "token 0 is [1]"}};
  for (const auto& [json, expected] : cases) {
    WriteText(Path("bad.json"), json);
    const ProcessResult result = Run("logits", {"--tokens", Path("bad.json"), "--out", Path("bad.h5")});
    EXPECT_EQ(result.exit_code, 2) << json;
    EXPECT_THAT(result.last_lines, ElementsAre(AllOf(HasSubstr("bad.json"), HasSubstr(expected)))) << json;
    EXPECT_FALSE(std::filesystem::exists(Path("bad.h5")));
  }
}

TEST_F(TextCommands, OptionsThatCannotBeMetAreOneLineAndExit2) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"--ple", "floppy"}, "floppy"},
      {{"--ple", "disk,capacity=5%"}, "capacity"},
      {{"--dtype", "float16"}, "float32 or bfloat16"},
      {{"--device", "abacus"}, "known: cpu, cuda"}};
  for (const auto& [options, expected] : cases) {
    const ProcessResult result = Logits("never.h5", options);
    EXPECT_EQ(result.exit_code, 2) << expected;
    EXPECT_THAT(result.last_lines, ElementsAre(HasSubstr(expected)));
  }
  EXPECT_EQ(Logits("no/such/folder.h5").exit_code, 2);
}

TEST_F(TextCommands, GreedyTextIsTheSameEveryTimeAndWithEveryExactStrategy) {
  const std::string text = Generated({});
  EXPECT_GT(text.size(), 1u);
  EXPECT_EQ(Generated({}), text);
  EXPECT_EQ(Generated({"--ple", "disk,backend=direct"}), text);
  EXPECT_EQ(Generated({"--threads", "1", "--ple", "cached,capacity=0"}), Generated({"--threads", "1"}));
}

TEST_F(TextCommands, SampledTextFollowsItsSeed) {
  const auto sampled = [](const std::string& seed) {
    return Generated({"--temperature", "1.5", "--top-p", "0.95", "--seed", seed});
  };
  EXPECT_EQ(sampled("1"), sampled("1"));
  EXPECT_NE(sampled("1"), sampled("2"));
  // Choosing only the likeliest id is greedy.
  EXPECT_EQ(Generated({"--temperature", "1", "--top-k", "1"}), Generated({}));
}

TEST_F(TextCommands, GenerateEndsWithOneLineOfStatistics) {
  const ProcessResult result =
      Run("generate", {"--prompt", "It was", "--max-tokens", "3", "--ple", "disk,backend=pread"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.last_lines,
              ElementsAre(AllOf(HasSubstr("3 new (--max-tokens)"), HasSubstr("TTFT"), HasSubstr("tok/s"),
                                HasSubstr("PLE disk, backend=pread"), HasSubstr("weights random"))));
}

TEST_F(TextCommands, GenerateStopsAtAStopId) {
  // Every id ends the text, so the first one does.
  auto ids = nlohmann::json::array();
  for (int64_t id = 0; id < kVocab; ++id) ids.push_back(id);
  WriteText(Path("tiny/generation_config.json"), nlohmann::json{{"eos_token_id", ids}}.dump());
  const ProcessResult result = Run("generate", {"--prompt", "It was", "--max-tokens", "9"});
  std::filesystem::remove(Path("tiny/generation_config.json"));
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output, "\n");
  EXPECT_THAT(result.last_lines, ElementsAre(HasSubstr("1 new (stop id)")));
}

TEST_F(TextCommands, GenerateRefusesWhatItCannotDo) {
  const std::pair<std::vector<std::string>, const char*> cases[] = {
      {{"--top-k", "5"}, "--temperature"},
      {{"--system", "Be brief."}, "--chat on"},
      {{"--temperature", "-1"}, "temperature"},
      {{"--max-tokens", "9000"}, "8192 positions"}};
  for (auto [options, expected] : cases) {
    options.insert(options.end(), {"--prompt", "It was"});
    const ProcessResult result = Run("generate", options);
    EXPECT_EQ(result.exit_code, 2) << expected;
    EXPECT_THAT(result.last_lines, ElementsAre(HasSubstr(expected)));
    EXPECT_THAT(result.output, IsEmpty());
  }
}

TEST_F(TextCommands, ASecondBosIsDroppedWithANote) {
  const auto run = [](std::vector<std::string> options) {
    options.insert(options.end(), {"--max-tokens", "1"});
    return Run("generate", options);
  };
  const ProcessResult result = run({"--prompt", "<bos>Hello"});
  EXPECT_THAT(result.last_lines, ElementsAre(HasSubstr("note: the prompt begins with <bos>"),
                                             HasSubstr("4 prompt tokens")));  // bos 928 388 8113
  EXPECT_THAT(run({"--prompt", "<bos>Hello", "--no-special"}).last_lines,
              ElementsAre(HasSubstr("8 prompt tokens")));
  // In a turn it is one token or text, and the marks of the turn are tokens all the same.
  const auto tokens = [&](const std::string& prompt, std::vector<std::string> options) {
    options.insert(options.end(), {"--chat", "on", "--prompt", prompt});
    return std::stoi(run(options).last_lines.back());
  };
  EXPECT_EQ(tokens("a<eos>b", {"--no-special"}), tokens("a<eos>b", {}) + 3);
  EXPECT_EQ(tokens("ab", {"--no-special"}), tokens("ab", {}));
}

TEST_F(TextCommands, TokenizerJsonAloneWillDo) {
  std::filesystem::rename(Path("tiny/tokenizer.model"), Path("tokenizer.away"));
  std::filesystem::copy_file(PLELAB_SOURCE_DIR "/tests/data/tokenizer/tokenizer.json",
                             Path("tiny/tokenizer.json"));
  const ProcessResult result = Run("generate", {"--prompt", "In the beginning", "--max-tokens", "3"});
  WriteText(Path("tiny/tokenizer.json"), R"({"model": {"type": "WordPiece"}})");
  const ProcessResult refused = Run("generate", {"--prompt", "In the beginning"});
  std::filesystem::remove(Path("tiny/tokenizer.json"));
  std::filesystem::rename(Path("tokenizer.away"), Path("tiny/tokenizer.model"));
  EXPECT_EQ(result.exit_code, 0) << ::testing::PrintToString(result.last_lines);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.last_lines, ElementsAre(HasSubstr("tokenizer.json: the model is \"WordPiece\"")));
}

TEST_F(TextCommands, AMissingTokenizerIsNamed) {
  std::filesystem::rename(Path("tiny/tokenizer.model"), Path("tokenizer.away"));
  const ProcessResult result = Run("generate", {"--prompt", "It was"});
  std::filesystem::rename(Path("tokenizer.away"), Path("tiny/tokenizer.model"));
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.last_lines, ElementsAre(HasSubstr("tiny/tokenizer.model: no tokenizer there")));
}

}  // namespace text_commands_test
}  // namespace plelab
