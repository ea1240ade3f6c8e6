// Training on documents with media, on the small shape: what is read, learned and written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "harness/training/media_documents.h"
#include "harness/training/trainer.h"
#include "model/base/error.h"
#include "model/checkpoint/checkpoint.h"
#include "model/training/head_loss.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace media_training_test {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kModels = PLELAB_SOURCE_DIR "/configs/models/";
const std::vector<std::string> kCompanions = {kModels + "small_multimodal/tokenizer.model",
                                              kModels + "small_multimodal/preprocessor_config.json"};

class MediaTraining : public ::testing::Test {
 protected:
  MediaTraining() {
    fs::copy(PLELAB_SOURCE_DIR "/tests/data/media/rgb.png", folder_ / "a.png");
    fs::copy(PLELAB_SOURCE_DIR "/tests/data/media/mono_16k.wav", folder_ / "b.wav");
    testing::WriteText(documents(),
                       R"({"images": ["a.png"], "context": "It is", "choices": [" one", " two"], "gold": 0}
{"audio": ["b.wav"], "context": "It says", "choices": [" three", " zero"], "gold": 1}
)");
  }
  std::string documents() const { return folder_ / "train.jsonl"; }
  std::string Yaml(const std::string& media) const {
    return Format(
        "arm: {{name: m, shape: {}, change: [audio_soft_tokens_per_image=188]}}\nmedia: {{documents: {}{}}}\n"
        "compute: {{threads: 1}}\noutput: {{folder: {}, result: {}}}\n",
        kModels + "small_multimodal.json", documents(), media, std::string(folder_ / "run"),
        std::string(folder_ / "run.h5"));
  }
  const testing::TemporaryFolder folder_;
};

TEST_F(MediaTraining, BatchesAreOfOneKindAndScoreTheAnswerAlone) {
  const Gemma3nConfig config = ParseConfig(ShapeConfigJson(kModels + "small_multimodal.json"), "small");
  const MediaDocuments read(documents(), config, kCompanions);
  ASSERT_EQ(read.size(), 2);
  const auto batches = read.Batches({1, 0, 1});
  ASSERT_EQ(batches.size(), 2u);
  const MediaBatch& images = batches[0].media.pixels.defined() ? batches[0] : batches[1];
  const MediaBatch& clips = batches[0].media.pixels.defined() ? batches[1] : batches[0];
  EXPECT_EQ(images.inputs.size(0), 1);
  EXPECT_EQ(images.media.pixels.size(0), 1);
  EXPECT_FALSE(images.media.mel.defined());
  EXPECT_EQ(images.inputs[0][0].item<int64_t>(), config.bos_token_id);
  EXPECT_EQ(images.inputs.eq(config.special.image).sum().item<int64_t>(), 256);
  EXPECT_EQ(images.targets.ne(kNotScored).sum().item<int64_t>(), 1) << "one piece: ▁one";
  EXPECT_EQ(clips.media.mel.size(0), 2);
  EXPECT_EQ(clips.targets.ne(kNotScored).sum().item<int64_t>(), 2 * 3) << "▁ zer o";
}

TEST_F(MediaTraining, AnEpochShowsEveryDocumentOnceInAnOrderOfItsOwn) {
  std::vector<int64_t> first, second;
  for (int64_t step = 0; step < 10; ++step) {
    for (const int64_t d : DocumentsOfStep(step, 8, 40, 3)) (step < 5 ? first : second).push_back(d);
  }
  EXPECT_NE(first, second);
  std::ranges::sort(first);
  for (int64_t d = 0; d < 40; ++d) EXPECT_EQ(first[d], d);
}

TEST_F(MediaTraining, LeavesAMultimodalCheckpointAndAValidResult) {
  const TrainingConfig config =
      ParseTrainingConfig(Yaml(", examples: 8, batch: 2, learn_row_zero: true, text_lr: 1e-4"), "x.yaml");
  EXPECT_EQ(config.steps(), 4);
  const TrainingResult result = Train(config, {});
  EXPECT_THAT(ResultProblems(result.path), IsEmpty());
  const auto& rows = result.record.training.at(0).rows;
  ASSERT_EQ(rows.size(), 4u);
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(rows[i].step, i + 1);
  EXPECT_LT(rows.back().loss, rows.front().loss) << "two documents are soon known by heart";
  const Checkpoint checkpoint = Checkpoint::Open(result.checkpoint);
  EXPECT_EQ(checkpoint.weights_label(), "trained");
  EXPECT_TRUE(checkpoint.config().vision && checkpoint.config().audio);
  EXPECT_NE(checkpoint.Find("model.vision_tower.timm_model.conv_stem.conv.weight"), nullptr);
  EXPECT_TRUE(fs::exists(result.checkpoint + "/preprocessor_config.json"));
}

std::string ErrorOf(const std::string& yaml, const TrainingOptions& options = {}) {
  try {
    Train(ParseTrainingConfig(yaml, "x.yaml"), options);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST_F(MediaTraining, MistakesSayWhatToDo) {
  TrainingOptions resume;
  resume.resume = true;
  EXPECT_THAT(ErrorOf(Yaml(", examples: 8"), resume), HasSubstr("start it anew"));
  EXPECT_THAT(ErrorOf(Yaml("")), HasSubstr("'examples'"));
  EXPECT_THAT(ErrorOf(Yaml(", examples: 8") + "tokens: {folder: t, budget: 1}\n"),
              HasSubstr("x.yaml:2:8: 'media' beside 'tokens'"));
  testing::WriteText(documents(), R"({"context": "a", "choices": ["b", "c"], "gold": 0})");
  EXPECT_THAT(ErrorOf(Yaml(", examples: 8")), HasSubstr("train.jsonl:1: expected 'images' or 'audio'"));
}

}  // namespace media_training_test
}  // namespace plelab
