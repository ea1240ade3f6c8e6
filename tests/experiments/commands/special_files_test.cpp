// FIFOs, devices and folders where a command expects a file, or is to write one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "tests/support/plelab.h"
#include "tests/support/tiny_training.h"

namespace plelab {
namespace special_files_test {

namespace fs = std::filesystem;
using testing::ExpectRefused;
using testing::kTwoVariants;
using testing::RunPlelab;
using testing::TinyRun;
using testing::TinyTraining;
using testing::WriteText;

const std::string kSmall = PLELAB_SOURCE_DIR "/configs/models/small";

// A copy of the small checkpoint in which a FIFO has the name of `file`.
std::string WithFifo(const testing::TemporaryFolder& folder, const std::string& file) {
  const std::string copy = folder / ("with_" + file);
  fs::copy(kSmall, copy);
  fs::remove(copy + "/" + file);
  EXPECT_EQ(::mkfifo((copy + "/" + file).c_str(), 0600), 0);
  return copy;
}

TEST(SpecialInput, AFifoInACheckpointIsNamed) {
  const testing::TemporaryFolder folder;
  for (const std::string file : {"config.json", "model.safetensors", "tokenizer.model",
                                 "tokenizer_config.json", "generation_config.json"}) {
    const std::string copy = WithFifo(folder, file);
    ExpectRefused(RunPlelab({"generate", copy, "--prompt", "a", "--max-tokens", "1"}),
                  file + ": expected a regular file, found a FIFO");
  }
}

// Nothing asked to replace it, and a folded table would be written there.
TEST(SpecialInput, AFifoInPlaceOfAFoldedTableIsNamed) {
  const testing::TemporaryFolder folder;
  const std::string copy = WithFifo(folder, "ple_folded.safetensors");
  ExpectRefused(
      RunPlelab({"generate", copy, "--prompt", "a", "--max-tokens", "1", "--ple", "folded,over=resident"}),
      "ple_folded.safetensors: expected a regular file, found a FIFO");
  EXPECT_TRUE(fs::is_fifo(copy + "/ple_folded.safetensors"));
}

TEST(SpecialInput, AFifoIsNamedWhateverItIsGivenFor) {
  const TinyRun tiny;
  const std::string fifo = tiny.folder() + "/fifo", what = fifo + ": expected a regular file, found a FIFO";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  ExpectRefused(RunPlelab({"run", fifo}), what);
  ExpectRefused(RunPlelab({"train", fifo}), what);
  ExpectRefused(RunPlelab({"validate", fifo}), what);
  ExpectRefused(RunPlelab({"synth", "--shape", fifo, "--out", tiny.folder() + "/s"}), what);
  ExpectRefused(RunPlelab({"logits", tiny.checkpoint(), "--tokens", fifo, "--out", tiny.out()}), what);
  for (const std::string key : {"workload.trace", "accuracy.trace"}) {
    WriteText(tiny.config_path(),
              tiny.Yaml(testing::kInProcess, kTwoVariants, "accuracy: {trace: " + tiny.trace() + "}\n"));
    ExpectRefused(RunPlelab({"run", tiny.config_path(), "--allow-debug", "--set", key + "=" + fifo}), what);
  }
  WriteText(tiny.config_path(),
            tiny.Yaml(testing::kInProcess, kTwoVariants,
                      "accuracy: {trace: " + tiny.trace() + ", tasks: [" + fifo + "]}\n"));
  ExpectRefused(RunPlelab({"run", tiny.config_path(), "--allow-debug"}), what);
  const TinyTraining training;
  WriteText(training.config_path(), training.Yaml(64));
  fs::remove(training.tokens() + "/train.bin");
  ASSERT_EQ(::mkfifo((training.tokens() + "/train.bin").c_str(), 0600), 0);
  ExpectRefused(RunPlelab({"train", training.config_path()}),
                "train.bin: expected a regular file, found a FIFO");
}

TEST(SpecialOutput, ForceNeverReplacesIt) {
  const TinyRun tiny;
  const std::string fifo = tiny.folder() + "/fifo", ids = tiny.folder() + "/ids.json";
  ASSERT_EQ(::mkfifo(fifo.c_str(), 0600), 0);
  WriteText(ids, "[3, 4, 5]");
  WriteText(tiny.config_path(), tiny.Yaml(testing::kInProcess, kTwoVariants));
  for (const std::string& out : {fifo, tiny.folder(), std::string("/dev/full")}) {
    const std::vector<std::string> logits = {"logits", tiny.checkpoint(), "--tokens", ids, "--force"};
    std::vector<std::string> with_out = logits;
    with_out.insert(with_out.end(), {"--out", out});
    ExpectRefused(RunPlelab(with_out), out + ": is a");
    ExpectRefused(RunPlelab({"run", tiny.config_path(), "--allow-debug", "--force", "--out", out}),
                  out + ": is a");
    ExpectRefused(
        RunPlelab({"run", tiny.config_path(), "--allow-debug", "--out", tiny.out(), "--timeline", out}),
        out + ": is a");
  }
  struct stat status = {};
  ASSERT_EQ(::stat(fifo.c_str(), &status), 0);
  EXPECT_TRUE(S_ISFIFO(status.st_mode));
  ASSERT_EQ(::stat("/dev/full", &status), 0);
  EXPECT_TRUE(S_ISCHR(status.st_mode));
}

}  // namespace special_files_test
}  // namespace plelab
