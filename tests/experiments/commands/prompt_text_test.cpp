// Where `plelab generate` takes its prompt from, and whether it makes a chat turn of it; run as a user does
// on a copy of the shipped checkpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "harness/support/process.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace prompt_text_test {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ReadText;
using ::testing::StartsWith;
using testing::TemporaryFolder;
using testing::WriteText;

const std::string kPlelab = PLELAB_BINARY_DIR "/plelab";

class PromptText : public ::testing::Test {
 protected:
  void SetUp() override {
    std::filesystem::copy(PLELAB_SOURCE_DIR "/configs/models/small", Path("model"),
                          std::filesystem::copy_options::recursive);
  }

  std::string Path(const std::string& name) const { return folder_ / name; }
  ProcessResult Generate(std::vector<std::string> options) const {
    options.insert(options.begin(), {kPlelab, "generate", Path("model"), "--max-tokens", "6"});
    return RunProgram(options);
  }
  std::string Generated(const std::vector<std::string>& options) const {
    const ProcessResult result = Generate(options);
    EXPECT_EQ(result.exit_code, 0) << ::testing::PrintToString(result.last_lines);
    return result.output;
  }
  // The number of the prompt's tokens, with which the line of statistics begins.
  int PromptTokens(const std::vector<std::string>& options) const {
    const ProcessResult result = Generate(options);
    EXPECT_EQ(result.exit_code, 0) << ::testing::PrintToString(result.last_lines);
    return result.last_lines.empty() ? -1 : std::stoi(result.last_lines.back());
  }
  void ExpectRefusal(const std::vector<std::string>& options,
                     const ::testing::Matcher<std::string>& line) const {
    const ProcessResult result = Generate(options);
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.last_lines, ElementsAre(line));
    EXPECT_THAT(result.output, IsEmpty());
  }
  void ShipTemplate(const std::string& name) const {
    static const auto goldens =
        nlohmann::json::parse(ReadText(PLELAB_SOURCE_DIR "/tests/data/chat_templates/golden.json"));
    WriteText(Path("model/chat_template.jinja"), goldens["templates"][name]["text"]);
  }

  TemporaryFolder folder_;
};

TEST_F(PromptText, IsReadFromAFileAndFromStandardInputAsItStands) {
  const std::string prompt = "It was a truth\n\nuniversally “acknowledged”";
  WriteText(Path("prompt.txt"), prompt);
  const std::string text = Generated({"--prompt", prompt});
  EXPECT_EQ(Generated({"--prompt-file", Path("prompt.txt")}), text);
  const ProcessResult piped =
      RunProgram({"sh", "-c", "exec \"$1\" generate \"$2\" --max-tokens 6 --prompt - < \"$3\"", "sh", kPlelab,
                  Path("model"), Path("prompt.txt")});
  EXPECT_EQ(piped.exit_code, 0) << ::testing::PrintToString(piped.last_lines);
  EXPECT_EQ(piped.output, text);

  WriteText(Path("newline.txt"), prompt + "\n");
  EXPECT_EQ(PromptTokens({"--prompt-file", Path("newline.txt")}), PromptTokens({"--prompt", prompt + "\n"}));
  EXPECT_GT(PromptTokens({"--prompt-file", Path("newline.txt")}), PromptTokens({"--prompt", prompt}));
  WriteText(Path("mark.txt"), "\xEF\xBB\xBF" + prompt);
  EXPECT_EQ(Generated({"--prompt-file", Path("mark.txt")}), text);
}

TEST_F(PromptText, StandardInputThatCannotBeReadIsNoEmptyPrompt) {
  for (const std::string input : {"< \"$3\"", "<&-"}) {
    const ProcessResult result = RunProgram({"sh", "-c", "exec \"$1\" generate \"$2\" --prompt - " + input,
                                             "sh", kPlelab, Path("model"), folder_.path()});
    EXPECT_EQ(result.exit_code, 2) << input;
    EXPECT_THAT(::testing::PrintToString(result.last_lines), HasSubstr("standard input cannot be read"));
  }
}

TEST_F(PromptText, ComesFromExactlyOnePlace) {
  WriteText(Path("prompt.txt"), "It was");
  ExpectRefusal({}, HasSubstr("--prompt-file FILE, found none"));
  ExpectRefusal({"--prompt", "x", "--prompt-file", Path("prompt.txt")}, HasSubstr("found both"));
  ExpectRefusal({"--prompt-file", Path("no.txt")}, HasSubstr("no.txt: cannot be read"));
  ExpectRefusal({"--prompt-file", folder_.path()}, HasSubstr("expected a regular file, found a folder"));
  ASSERT_EQ(mkfifo(Path("pipe").c_str(), 0600), 0);
  ExpectRefusal({"--prompt-file", Path("pipe")}, HasSubstr("expected a regular file, found a FIFO"));
}

TEST_F(PromptText, ThatIsNotUtf8IsRefusedByItsByte) {
  WriteText(Path("latin.txt"), "caf\xE9 is nice");
  ExpectRefusal(
      {"--prompt-file", Path("latin.txt")},
      AllOf(HasSubstr("latin.txt: byte 0xE9 at offset 3, line 1 is not UTF-8"), HasSubstr("iconv")));
  ExpectRefusal({"--prompt", "caf\xE9"}, StartsWith("--prompt: byte 0xE9 at offset 3"));
}

TEST_F(PromptText, BecomesAGemmaTurnWhereTheTemplateWritesGemmasTurns) {
  const int plain = PromptTokens({"--prompt", "It was"});
  const int turns = PromptTokens({"--prompt", "It was", "--chat", "on"});
  ShipTemplate("gemma3n");
  EXPECT_EQ(PromptTokens({"--prompt", "It was"}), turns);
  EXPECT_GT(PromptTokens({"--prompt", "It was", "--system", "Be brief."}), turns);
  EXPECT_EQ(PromptTokens({"--prompt", "It was", "--chat", "off"}), plain);
  ExpectRefusal({"--prompt", "x", "--system", "y", "--chat", "off"}, HasSubstr("--chat off asks for none"));
}

TEST_F(PromptText, IsRefusedWhereTheTemplateWritesOtherTurns) {
  const int plain = PromptTokens({"--prompt", "It was"});
  for (const char* name : {"chatml", "qwen3", "llama3", "mistral", "deepseekv3"}) {
    ShipTemplate(name);
    for (const char* chat : {"auto", "on"}) {
      ExpectRefusal(
          {"--prompt", "It was", "--chat", chat},
          AllOf(HasSubstr("chat_template.jinja: the chat template does not write Gemma's turns: it"),
                HasSubstr("scripts/render_chat.py"), HasSubstr("--chat off --prompt-file FILE")));
    }
    EXPECT_EQ(PromptTokens({"--prompt", "It was", "--chat", "off"}), plain);
  }
  ShipTemplate("gemma2");  // takes no system text
  EXPECT_GT(PromptTokens({"--prompt", "It was"}), plain);
  ExpectRefusal({"--prompt", "It was", "--system", "Be brief."}, HasSubstr("System role not supported"));
}

TEST_F(PromptText, KeepsALiteralMarkOnATextOnlyModel) {
  const int without = PromptTokens({"--prompt", "an  tag"});
  const ProcessResult result = Generate({"--prompt", "an <audio> tag"});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.last_lines, ElementsAre(HasSubstr("prompt tokens")));
  EXPECT_GT(std::stoi(result.last_lines.back()), without);
}

TEST_F(PromptText, MistypedOptionsGetASuggestion) {
  ExpectRefusal({"--promt", "x"},
                "plelab generate: unknown option '--promt'; did you mean '--prompt'?; plelab "
                "generate --help lists them");
  ExpectRefusal({"--prompt", "x", "--max-token=3"}, HasSubstr("'--max-token'; did you mean '--max-tokens'?"));
  ExpectRefusal({"--prompt", "x", "--abracadabra"},
                HasSubstr("unknown option '--abracadabra'; plelab generate"));
}

}  // namespace prompt_text_test
}  // namespace plelab
