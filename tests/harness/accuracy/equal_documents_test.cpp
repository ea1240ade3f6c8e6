// Documents of one text that show different pictures: what was fed for one says nothing of the next.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>

#include "harness/run/runner.h"
#include "model/catalog/synth.h"
#include "model/checkpoint/config.h"
#include "tests/support/media.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace equal_documents_test {

using testing::RecordedAccuracy;
using testing::TinyRun;

std::string Document(const std::string& picture) {
  return R"({"images": [")" + picture + R"("], "context": "It is", "choices": [" one", " two"], "gold": 0})" +
         "\n";
}

class EqualDocuments : public ::testing::Test {
 protected:
  EqualDocuments() {
    const std::string companions = PLELAB_SOURCE_DIR "/configs/models/small_multimodal/";
    SynthOptions options;
    options.seed = 3;
    options.dtype = DType::kFloat32;
    options.companions = {companions + "tokenizer.model", companions + "preprocessor_config.json"};
    WriteRandomCheckpoint(ShapeConfigJson("small_multimodal"), folder_ / "model", options);
    for (const char* name : {"orientation1.jpg", "grey.jpg"}) {
      std::filesystem::copy(testing::MediaPath(name), folder_ / name);
    }
  }
  // Of the answers to these documents, on average.
  double Nats(const std::string& documents) const {
    const TinyRun tiny;
    testing::WriteText(folder_ / "t.jsonl", documents);
    const auto config = ParseExperimentConfig(
        Format("experiment: ple_ablation\nmodel: {{checkpoint: {0}/model, dtype: float32, threads: 1}}\n"
               "accuracy: {{trace: {1}, context: 320, max_tokens: 8, tasks: [{0}/t.jsonl]}}\n"
               "variants:\n  - {{name: resident, ple: {{strategy: resident}}}}\n",
               folder_.path(), tiny.trace()),
        "t.yaml");
    return RecordedAccuracy(plelab::Run(config, tiny.Options()).record, "resident", "answer_nats");
  }

  const testing::TemporaryFolder folder_;
};

TEST_F(EqualDocuments, EachIsReadWithItsOwnPicture) {
  const double first = Nats(Document("orientation1.jpg")), second = Nats(Document("grey.jpg"));
  ASSERT_GT(std::abs(first - second), 1e-4) << "the picture matters";
  EXPECT_NEAR(Nats(Document("orientation1.jpg") + Document("grey.jpg")), (first + second) / 2, 1e-6);
}

}  // namespace equal_documents_test
}  // namespace plelab
