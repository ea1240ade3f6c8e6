// A session whose prompt shows a picture and plays a clip, against the model itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "harness/measure/repetition.h"
#include "harness/measure/variant_session.h"
#include "harness/plan/phase.h"
#include "harness/plan/run_plan.h"
#include "model/catalog/synth.h"
#include "model/ple/strategies/factory.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace session_media_test {

class SessionMedia : public ::testing::Test {
 protected:
  SessionMedia() {
    const std::string companions = PLELAB_SOURCE_DIR "/configs/models/small_multimodal/";
    SynthOptions options;
    options.seed = 3;
    options.dtype = DType::kFloat32;
    options.companions = {companions + "tokenizer.model", companions + "preprocessor_config.json"};
    WriteRandomCheckpoint(ShapeConfigJson("small_multimodal"), folder_ / "model", options);
  }
  RunPlan Plan(const std::string& media) const {
    return ResolvePlan(ParseExperimentConfig(
        Format("experiment: ple_strategies\nmodel: {{checkpoint: {}/model, dtype: float32, threads: 1}}\n"
               "workload: {{trace: {}, prompt_tokens: 12, decode_tokens: 2{}}}\n"
               "design: {{warmup_steps: 0, reps: 5, memory_reps: 0}}\n"
               "variants:\n  - {{name: resident, ple: {{strategy: resident}}}}\n",
               folder_.path(), tiny_.trace(), media),
        "media.yaml"));
  }
  PrefillResult PrefillOf(const RunPlan& plan, Gemma3n& model) const {
    VariantSession session(model, MakePleSource(ParsePleSpec("resident"), plan.table), plan.WorkOf(0, 0),
                           plan.variants[0].config.workload);
    return session.Prefill();
  }

  const testing::TinyRun tiny_;
  const testing::TemporaryFolder folder_;
};

TEST_F(SessionMedia, EncodesWhatThePromptShowsAndTimesEachKind) {
  const std::string image = "images: [" PLELAB_SOURCE_DIR "/configs/media/shapes.png]";
  const std::string clip = "audio: [" PLELAB_SOURCE_DIR "/configs/media/birds.wav]";
  const RunPlan plan = Plan(", " + image + ", " + clip);
  Gemma3n model = Gemma3n::Load(plan.checkpoint, {.dtype = DType::kFloat32});
  const PrefillResult both = PrefillOf(plan, model);
  EXPECT_GT(both.encode_vision_ns, 0);
  EXPECT_GT(both.encode_audio_ns, 0);
  EXPECT_GE(both.ttft_ns, both.prefill_ns + both.encode_vision_ns + both.encode_audio_ns);

  const Workload& work = plan.WorkOf(0, 0);
  const auto source = MakePleSource(ParsePleSpec("resident"), plan.table);
  KvCache kv = model.MakeKvCache(1, work.positions());
  const auto request = source->Begin(work.prompts.at(0));
  const torch::Tensor expected = model.Forward(torch::tensor(work.prompts.at(0)).unsqueeze(0), &kv, *request,
                                               LogitsWanted::kLast, model.Encode(work.media));
  EXPECT_TRUE(both.logits.equal(expected));

  const RunPlan seen = Plan(", " + image);
  const PrefillResult one = PrefillOf(seen, model);
  EXPECT_GT(one.encode_vision_ns, 0);
  EXPECT_EQ(one.encode_audio_ns, 0);
}

TEST_F(SessionMedia, ARepetitionRecordsTheTimesOfEncoding) {
  const RunPlan plan = Plan(", audio: [" PLELAB_SOURCE_DIR "/configs/media/birds.wav]");
  LoadedModel loaded = LoadModel(plan.config.model, plan.checkpoint);
  std::vector<Contestant> contestants;
  contestants.push_back(
      MakeContestant(plan, 0, 3, loaded, MakePleSource(ParsePleSpec("resident"), plan.table), 0));
  MeasureRepetition(contestants, plan.WorkOf(0, 3), {.rep = 3, .design = plan.config.design});
  EXPECT_EQ(contestants[0].error, "");
  const Record part = TakePart(contestants[0]);
  ASSERT_EQ(part.curves.size(), 1u);
  EXPECT_EQ(part.curves[0].name, "encode");
  EXPECT_EQ(part.curves[0].x_unit, "repetition");
  EXPECT_EQ(part.curves[0].y_unit, "ns");
  ASSERT_EQ(part.curves[0].rows.size(), 1u) << "no picture";
  EXPECT_EQ(part.curves[0].rows[0].series, "resident");
  EXPECT_EQ(part.curves[0].rows[0].label, "audio");
  EXPECT_EQ(part.curves[0].rows[0].x, 3);
  EXPECT_GT(part.curves[0].rows[0].y, 0);
  EXPECT_LT(part.curves[0].rows[0].y, static_cast<double>(part.reps[0].ttft_ns));
}

}  // namespace session_media_test
}  // namespace plelab
