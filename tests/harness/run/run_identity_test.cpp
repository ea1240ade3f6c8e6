// What identifies a run, and what a resumed one says where it is another.
#include "harness/run/run_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "harness/machine/environment.h"
#include "harness/machine/host_facts.h"
#include "harness/run/input_identity.h"
#include "model/base/sha256.h"
#include "model/tokens/tokenizer.h"
#include "tests/support/media.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace run_identity_test {

using ::testing::AllOf;
using ::testing::EndsWith;
using testing::ErrorOf;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::TinyRun;

const char* const kResident = "  - {name: resident, ple: {strategy: resident}}\n";
const char* const kAnew = "measure anew under another name with --out, or here with --force";

TEST(FirstDifferentLineTest, IsTheFirstOfAllLines) {
  EXPECT_EQ(FirstDifferentLine("a\nb\nc\n", "a\nx\ny\n"), "'b' was, 'x' is");
  EXPECT_EQ(FirstDifferentLine("a\n", "a\nb\n"), "'' was, 'b' is");
  EXPECT_EQ(FirstDifferentLine("a\nb\n", "a\n"), "'b' was, '' is");
  EXPECT_EQ(FirstDifferentLine("", "b"), "'' was, 'b' is");
  EXPECT_EQ(FirstDifferentLine("a\n", "a\n"), "'' was, '' is");
}

// Two runs of the same keys, of which one differs.
std::string Difference(const std::string& key, const std::string& was, const std::string& is) {
  Meta before = {{"command", "build/plelab run x.yaml --set a=1"}}, now = {{"command", "another"}};
  for (const char* every :
       {"config_yaml", "git_commit", "dirty_hash", "build_commit", "build_dirty_hash", "inputs",
        "checkpoint_hash", "tokenizer_hash", "text_hash", "accuracy_text_hash", "cpu_model", "started_at"}) {
    before.emplace_back(every, every == key ? was : "same");
    now.emplace_back(every, every == key ? is : "same");
  }
  return ErrorOf([&] { RequireSameRun(before, now, "out/x.h5.parts"); });
}

TEST(RequireSameRunTest, EachKeyOfARunMustBeTheSame) {
  for (const char* key : {"git_commit", "dirty_hash", "build_commit", "build_dirty_hash", "checkpoint_hash",
                          "tokenizer_hash", "text_hash", "accuracy_text_hash", "cpu_model"}) {
    EXPECT_EQ(Difference(key, "a\nb", "a\nc"),
              std::string("out/x.h5.parts: --resume needs the run that it goes on with, but its ") + key +
                  " differs: 'a\nb' was, 'a\nc' is; " + kAnew);
  }
  EXPECT_EQ(Difference("started_at", "a", "b"), "no error");
  EXPECT_EQ(Difference("", "", ""), "no error") << "the command may differ";
}

TEST(RequireSameRunTest, TextsOfManyLinesDifferInOne) {
  EXPECT_EQ(Difference("config_yaml", "a\nb", "a\nc"),
            std::string("out/x.h5.parts: --resume needs the run that it goes on with, but its config_yaml "
                        "differs: 'b' was, 'c' is; go on as it was started: build/plelab run x.yaml --set "
                        "a=1 --out out/x.h5 --resume, or ") +
                kAnew);
  EXPECT_THAT(Difference("inputs", "a\nb", "a\nc"),
              AllOf(HasSubstr("inputs differs: 'b' was, 'c' is; measure anew"), Not(HasSubstr("go on as"))));
  EXPECT_THAT(ErrorOf([] {
                RequireSameRun({{"config_yaml", "a"}}, {{"config_yaml", "b"}}, "x.h5.parts");
              }),
              EndsWith(std::string("'a' was, 'b' is; ") + kAnew))
      << "a run that did not say how it was started";
  const Meta was = {{"inputs", "a"}, {"text_hash", "a"}}, is = {{"inputs", "b"}, {"text_hash", "b"}};
  EXPECT_THAT(ErrorOf([&] { RequireSameRun(was, is, "x"); }), HasSubstr("its inputs differs"))
      << "the line that names the file";
}

TEST(DescribeRunTest, SaysWhatARunIs) {
  const TinyRun tiny;
  RunOptions options = tiny.Options();
  options.command = "build/plelab run tiny.yaml";
  const auto meta = [&](const std::string& design, const std::string& workload = "") {
    return DescribeRun(ResolvePlan(tiny.Config(design, kResident, "", workload)), options);
  };
  const Meta step = meta("reps: 1");
  EXPECT_EQ(MetaValue(step, "experiment"), "ple_strategies");
  EXPECT_EQ(MetaValue(step, "config"), "tiny");
  EXPECT_EQ(MetaValue(step, "config_path"), tiny.config_path());
  EXPECT_EQ(MetaValue(step, "config_yaml"), tiny.Config("reps: 1", kResident).resolved_yaml);
  EXPECT_EQ(MetaValue(step, "command"), "build/plelab run tiny.yaml");
  EXPECT_EQ(MetaValue(step, "threads"), "1");
  EXPECT_EQ(MetaValue(step, "checkpoint"), tiny.checkpoint());
  EXPECT_EQ(MetaValue(step, "checkpoint_hash"), Checkpoint::Open(tiny.checkpoint()).fingerprint());
  EXPECT_EQ(MetaValue(step, "weights"), Checkpoint::Open(tiny.checkpoint()).weights_label());
  EXPECT_EQ(MetaValue(step, "dtype"), "float32");
  EXPECT_EQ(MetaValue(step, "device"), "cpu");
  EXPECT_EQ(MetaValue(step, "isolate"), "step");
  EXPECT_EQ(MetaValue(step, "order"), "williams");
  EXPECT_EQ(MetaValue(step, "decode"), "replay");
  EXPECT_EQ(MetaValue(step, "text"), tiny.trace());
  EXPECT_EQ(MetaValue(step, "text_hash"), Sha256OfFile(tiny.trace()));
  EXPECT_EQ(MetaValue(step, "tokenizer_hash", "none"), "") << "of a trace";
  EXPECT_EQ(MetaValue(step, "accuracy_text", "none"), "none");
  EXPECT_EQ(MetaValue(step, "media_tasks", "none"), "none");
  EXPECT_EQ(MetaValue(step, "cold_reference", "none"), "none");
  EXPECT_EQ(MetaValue(step, "inputs"),
            IdentityOfFiles(FilesOf(ResolvePlan(tiny.Config("reps: 1", kResident)))));
  EXPECT_THAT(MetaValue(step, "measured_with"),
              HasSubstr(BuildMayMeasure() ? "a release build" : "a debug build (--allow-debug)"));

  const Meta process = meta("reps: 1, isolate: process, order: shuffled", ", decode: greedy");
  EXPECT_EQ(MetaValue(process, "isolate"), "process");
  EXPECT_EQ(MetaValue(process, "order"), "shuffled");
  EXPECT_EQ(MetaValue(process, "decode"), "greedy");
  EXPECT_EQ(MetaValue(meta("reps: 1", ", decode: sample"), "decode"), "sample");
}

TEST(DescribeRunTest, ATextThatIsScoredHasItsTokenizer) {
  const std::string configs = PLELAB_SOURCE_DIR "/configs/";
  const TinyRun tiny;
  const ExperimentConfig config = ParseExperimentConfig(
      Format("experiment: ple_ablation\nmodel: {{checkpoint: {0}models/small, threads: 1}}\n"
             "accuracy: {{text_file: {0}text/persuasion.txt, context: 64, max_tokens: 32, "
             "tasks: [{0}tasks/next_sentence.jsonl]}}\nvariants:\n{1}",
             configs, kResident),
      "tiny.yaml");
  const Meta meta = DescribeRun(ResolvePlan(config), tiny.Options());
  EXPECT_EQ(MetaValue(meta, "accuracy_text"), configs + "text/persuasion.txt");
  EXPECT_EQ(MetaValue(meta, "accuracy_text_hash"), Sha256OfFile(configs + "text/persuasion.txt"));
  const Checkpoint small = Checkpoint::Open(configs + "models/small");
  EXPECT_EQ(MetaValue(meta, "tokenizer_hash"), Tokenizer(small.tokenizer_path(), small.config()).hash());
  EXPECT_EQ(MetaValue(meta, "media_tasks", "none"), "[]");
  EXPECT_EQ(MetaValue(meta, "text", "none"), "none");
  EXPECT_EQ(MetaValue(meta, "decode", "none"), "none");
  EXPECT_EQ(MetaValue(meta, "dtype"), "bfloat16");
}

}  // namespace run_identity_test
}  // namespace plelab
