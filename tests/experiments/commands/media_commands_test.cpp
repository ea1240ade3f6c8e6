// `generate`, `logits` and `run` with images and audio, run as a user does on a small random checkpoint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "harness/record/hdf5_file.h"
#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "harness/support/process.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace media_commands_test {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::ReadText;
using testing::TemporaryFolder;
using testing::WriteText;

const std::string kPlelab = PLELAB_BINARY_DIR "/plelab";
const std::string kSource = PLELAB_SOURCE_DIR;
const std::string kImage = kSource + "/configs/media/shapes.png",
                  kClip = kSource + "/configs/media/birds.wav";
constexpr int64_t kImageToken = 8193, kClipToken = 8321, kSoftPerImage = 256;

class MediaCommands : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new TemporaryFolder;
    const ProcessResult synth =
        RunProgram({kPlelab, "synth", "--shape", kSource + "/configs/models/small_multimodal.json", "--out",
                    Path("model"), "--seed", "3"});
    ASSERT_EQ(synth.exit_code, 0) << ::testing::PrintToString(synth.last_lines);
  }
  static void TearDownTestSuite() {
    delete folder_;
    folder_ = nullptr;
  }

  static std::string Path(const std::string& name) { return *folder_ / name; }
  static ProcessResult Generate(const std::string& prompt, std::vector<std::string> options) {
    options.insert(options.begin(),
                   {kPlelab, "generate", Path("model"), "--prompt", prompt, "--max-tokens", "4"});
    return RunProgram(options);
  }
  static std::string Statistics(const ProcessResult& result) {
    return result.last_lines.empty() ? "" : result.last_lines.back();
  }
  // Expects one line that says what is wrong, and exit code 2.
  static void ExpectRefused(const ProcessResult& result, const std::string& why) {
    EXPECT_EQ(result.exit_code, 2);
    EXPECT_THAT(result.last_lines, ElementsAre(HasSubstr(why)));
  }

  static TemporaryFolder* folder_;
};

TemporaryFolder* MediaCommands::folder_ = nullptr;

TEST_F(MediaCommands, GenerateShowsAndPlaysFiles) {
  const ProcessResult image = Generate("What is it?", {"--image", kImage});
  EXPECT_EQ(image.exit_code, 0) << Statistics(image);
  EXPECT_THAT(Statistics(image), HasSubstr("(encoding "));
  const ProcessResult mixed =
      Generate("Is <image> like <image>? <audio>", {"--image", kImage, "--audio", kClip, "--image", kImage});
  EXPECT_EQ(mixed.exit_code, 0) << Statistics(mixed);
  EXPECT_THAT(Statistics(Generate("What is it?", {})), ::testing::Not(HasSubstr("encoding")));
}

TEST_F(MediaCommands, TheSameOnDiskAsInMemory) {
  const std::vector<std::string> media = {"--image", kImage, "--audio", kClip};
  auto disk = media;
  disk.insert(disk.end(), {"--ple", "disk,backend=direct"});
  EXPECT_EQ(Generate("So?", media).output, Generate("So?", disk).output);
}

TEST_F(MediaCommands, RefusesMarksAndFilesThatDisagree) {
  ExpectRefused(Generate("<image> and <image_soft_token>", {"--image", kImage}),
                "2 marks <image> or <image_soft_token> or <start_of_image> found, 1 expected");
  ExpectRefused(Generate("<audio_soft_token>", {}), "<audio_soft_token> found, but no file for it");
}

TEST_F(MediaCommands, AMarkWithoutAFileIsTextWithANotice) {
  const ProcessResult result = Generate("an <audio> tag", {});
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_THAT(result.last_lines,
              ElementsAre(HasSubstr("note: <audio> is text here"), HasSubstr("prompt tokens")));
}

TEST_F(MediaCommands, PlaceholdersAreMarksWhetherSpecialTokensAreTextOrNot) {
  const auto prompt_tokens = [](const std::string& prompt, std::vector<std::string> options) {
    options.insert(options.end(), {"--image", kImage});
    const std::string statistics = Statistics(Generate(prompt, options));
    return statistics.substr(0, statistics.find(" prompt tokens"));
  };
  for (const std::vector<std::string>& options :
       {std::vector<std::string>{}, {"--no-special"}, {"--no-special", "--chat", "on"}}) {
    const std::string expected = prompt_tokens("a <eos> <image> b", options);
    EXPECT_EQ(prompt_tokens("a <eos> <image_soft_token> b", options), expected);
    EXPECT_EQ(prompt_tokens("a <eos> <start_of_image> b", options), expected);
  }
  EXPECT_EQ(Generate("a <image_soft_token> b", {"--no-special"}).exit_code, 0) << "it is text there";
}

TEST_F(MediaCommands, RefusesFilesThatAreNotWhatTheyShouldBe) {
  WriteText(Path("empty.png"), "");
  WriteText(Path("text.png"), "this is no picture");
  WriteText(Path("cut.png"), ReadText(kImage).substr(0, 1500));
  WriteText(Path("cut.wav"), ReadText(kClip).substr(0, 20));
  for (const char* name : {"empty.png", "text.png", "cut.png", "nothing.png"}) {
    ExpectRefused(Generate("?", {"--image", Path(name)}), name);
  }
  for (const char* name : {"cut.wav", "text.png", "nothing.wav"}) {
    ExpectRefused(Generate("?", {"--audio", Path(name)}), name);
  }
}

TEST_F(MediaCommands, ATextOnlyModelHasNoTowers) {
  const std::string shape = kSource + "/configs/models/small.json";
  ASSERT_EQ(RunProgram({kPlelab, "synth", "--shape", shape, "--out", Path("text_only")}).exit_code, 0);
  ExpectRefused(RunProgram({kPlelab, "generate", Path("text_only"), "--prompt", "?", "--image", kImage}),
                "no vision tower");
}

TEST_F(MediaCommands, LogitsWantAPlaceholderForEachSoftToken) {
  std::vector<int64_t> ids = {2, 6};
  ids.insert(ids.end(), kSoftPerImage, kImageToken);
  ids.insert(ids.end(), {8192, 500, kClipToken});  // a lone hard audio token; no clip is played
  WriteText(Path("ids.json"), nlohmann::json(ids).dump());
  const std::vector<std::string> logits = {kPlelab, "logits", Path("model"), "--tokens", Path("ids.json")};
  const auto run = [&](std::vector<std::string> options) {
    options.insert(options.begin(), logits.begin(), logits.end());
    return RunProgram(options);
  };
  ASSERT_EQ(run({"--image", kImage, "--out", Path("image.h5")}).exit_code, 0);
  ASSERT_EQ(run({"--out", Path("hard.h5")}).exit_code, 0) << "placeholders without a picture are hard tokens";
  const FloatMatrix image = Hdf5Reader(Path("image.h5")).ReadMatrix("/logits");
  EXPECT_EQ(image.rows, static_cast<int64_t>(ids.size()));
  EXPECT_NE(image.values, Hdf5Reader(Path("hard.h5")).ReadMatrix("/logits").values);
  ExpectRefused(run({"--image", kImage, "--image", kImage, "--out", Path("two.h5")}),
                "256 placeholders of id 8193 found, 512 expected");
}

double Value(const Record& record, const std::string& curve, const std::string& variant,
             const std::string& label) {
  for (const Curve& c : record.curves) {
    for (const CurveRow& row : c.rows) {
      if (c.name == curve && row.series == variant && row.label == label) return row.y;
    }
  }
  return -1;
}

TEST_F(MediaCommands, ModalitiesRecordsWhatEachInputTakes) {
  nlohmann::json ids;
  for (int i = 0; i < 200; ++i) ids.push_back(400 + i * i % 6000);
  WriteText(Path("trace.json"), ids.dump());
  const std::string images = "images: ['" + kImage + "']", audio = "audio: ['" + kClip + "']";
  WriteText(Path("modalities.yaml"),
            "experiment: modalities\nmodel: {checkpoint: " + Path("model") +
                ", threads: 1}\nworkload: {trace: " + Path("trace.json") +
                ", prompt_tokens: 5, decode_tokens: 2}\ndesign: {warmup_steps: 0, reps: 1}\n" +
                "variants:\n  - {name: text, ple: {strategy: resident}}\n" +
                "  - {name: image, ple: {strategy: resident}, workload: {" + images + "}}\n" +
                "  - {name: audio, ple: {strategy: resident}, workload: {" + audio + "}}\n" +
                "  - {name: mixed, ple: {strategy: disk}, workload: {" + images + ", " + audio + "}}\n");
  const ProcessResult run =
      RunProgram({kPlelab, "run", Path("modalities.yaml"), "--out", Path("m.h5"), "--allow-debug"});
  ASSERT_EQ(run.exit_code, 0) << ::testing::PrintToString(run.last_lines);
  EXPECT_THAT(ResultProblems(Path("m.h5")), IsEmpty());
  const Record record = ReadRecord(Path("m.h5"));

  EXPECT_EQ(Value(record, "encode", "text", "vision"), -1);
  EXPECT_EQ(Value(record, "weights_read", "text", "vision"), 0);
  EXPECT_EQ(Value(record, "weights_read", "text", "audio"), 0);
  EXPECT_GT(Value(record, "weights_read", "image", "vision"), 0);
  EXPECT_EQ(Value(record, "weights_read", "image", "audio"), 0);
  EXPECT_EQ(Value(record, "weights_read", "audio", "vision"), 0);
  EXPECT_GT(Value(record, "weights_read", "audio", "audio"), 0);
  for (const RepRow& rep : record.reps) {
    const double vision = std::max(0.0, Value(record, "encode", rep.variant, "vision"));
    const double clip = std::max(0.0, Value(record, "encode", rep.variant, "audio"));
    EXPECT_EQ(vision > 0, rep.variant == "image" || rep.variant == "mixed");
    EXPECT_EQ(clip > 0, rep.variant == "audio" || rep.variant == "mixed");
    EXPECT_GE(static_cast<double>(rep.ttft_ns), vision + clip + static_cast<double>(rep.prefill_ns));
  }
}

}  // namespace media_commands_test
}  // namespace plelab
