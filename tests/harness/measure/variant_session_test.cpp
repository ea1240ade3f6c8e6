// A session against the model itself, step by step, and what it says of each step.
#include "harness/measure/variant_session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include "harness/plan/run_plan.h"
#include "model/base/sha256.h"
#include "model/ple/strategies/factory.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace variant_session_test {

class VariantSessionTest : public ::testing::Test {
 protected:
  RunPlan Plan(const std::string& workload) const {
    return ResolvePlan(tiny_.Config("warmup_steps: 1, reps: 5, memory_reps: 0",
                                    "  - {name: disk, ple: {strategy: disk, prefetch: false}}\n", "",
                                    workload));
  }
  Gemma3n Model(const RunPlan& plan) const {
    return Gemma3n::Load(plan.checkpoint, {.dtype = DType::kFloat32});
  }
  const testing::TinyRun tiny_;
};

TEST_F(VariantSessionTest, ReplaysTheTextAndHashesTheLogits) {
  const RunPlan plan = Plan("");
  Gemma3n model = Model(plan), other = Model(plan);
  const Workload& work = plan.WorkOf(0, 0);
  VariantSession session(model, MakePleSource(ParsePleSpec("disk"), plan.table), work,
                         plan.variants[0].config.workload);
  const auto source = MakePleSource(ParsePleSpec("resident"), plan.table);
  KvCache kv = other.MakeKvCache(1, work.positions());
  const auto ids = torch::tensor(work.prompts.at(0)).unsqueeze(0);
  const auto request = source->Begin(work.prompts.at(0));
  const torch::Tensor first = other.Forward(ids, &kv, *request, LogitsWanted::kLast);
  const PrefillResult prefill = session.Prefill();
  EXPECT_TRUE(prefill.logits.equal(first));
  EXPECT_EQ(prefill.logits_sha256, HashOf(first));
  EXPECT_GE(prefill.ttft_ns, prefill.prefill_ns);
  EXPECT_GT(prefill.prefill_ns, 0);
  EXPECT_EQ(prefill.encode_vision_ns + prefill.encode_audio_ns, 0);
  for (int64_t step = 0; step < work.steps(); ++step) {
    ASSERT_EQ(session.next_ids().size(), 1u);
    EXPECT_EQ(session.next_ids()[0], work.replay.at(0).at(step));
    const StepResult result = session.Step();
    EXPECT_EQ(result.token_id, work.replay.at(0).at(step));
    const std::vector<int64_t> id = {result.token_id};
    const auto rows = source->Begin(id);
    EXPECT_TRUE(result.logits.equal(other.DecodeStep(id, kv, *rows))) << step;
    EXPECT_EQ(result.logits_sha256, HashOf(result.logits));
    EXPECT_EQ(result.ple.lookups, 1);
    EXPECT_EQ(result.ple.read_calls, 1);
    EXPECT_EQ(result.ple.bytes_asked, plan.table.geometry.row_bytes());
    EXPECT_EQ(session.kv().length(), work.prompt_tokens + step + 1);
  }
}

TEST_F(VariantSessionTest, ReplaysEachSequenceOfABatchUpToItsLastStep) {
  const RunPlan plan = Plan(", batch: 2");
  Gemma3n model = Model(plan), other = Model(plan);
  const Workload& work = plan.WorkOf(0, 0);
  ASSERT_NE(work.prompts.at(0), work.prompts.at(1));
  VariantSession session(model, MakePleSource(ParsePleSpec("resident"), plan.table), work,
                         plan.variants[0].config.workload);
  const torch::Tensor logits = session.Prefill().logits;
  ASSERT_EQ(logits.size(0), 2);
  const auto source = MakePleSource(ParsePleSpec("resident"), plan.table);
  for (int64_t b = 0; b < 2; ++b) {
    KvCache kv = other.MakeKvCache(1, work.positions());
    const auto ids = torch::tensor(work.prompts.at(b)).unsqueeze(0);
    const auto request = source->Begin(work.prompts.at(b));
    const torch::Tensor alone = other.Forward(ids, &kv, *request, LogitsWanted::kLast);
    EXPECT_TRUE(logits[b].allclose(alone[0], 1e-4, 1e-4)) << b;
  }
  for (int64_t step = 0; step < work.steps(); ++step) {
    for (int64_t b = 0; b < 2; ++b) EXPECT_EQ(session.next_ids()[b], work.replay.at(b).at(step)) << step;
    EXPECT_EQ(session.Step().token_id, work.replay.at(0).at(step));
  }
  for (int64_t b = 0; b < 2; ++b) EXPECT_EQ(session.next_ids()[b], work.replay.at(b).back());
}

// How many tokens the last layer saw.
struct LastSeen : PleObserver {
  int64_t tokens = 0;
  void SeeInput(int64_t, const PerLayerTerms&) override {}
  void SeeAddition(int64_t, const torch::Tensor& added, const AltUpStreams&) override {
    tokens = added.size(1);
  }
};

TEST_F(VariantSessionTest, TheWorkloadSaysWhichLayersReadAllOfThePrompt) {
  for (const std::string layers : {"needed", "all"}) {
    const RunPlan plan = Plan(", prompt_layers: " + layers);
    Gemma3n model = Model(plan);
    LastSeen seen;
    model.Observe(&seen);
    VariantSession session(model, MakePleSource(ParsePleSpec("resident"), plan.table), plan.WorkOf(0, 0),
                           plan.variants[0].config.workload);
    session.Prefill();
    EXPECT_EQ(seen.tokens, layers == "all" ? plan.WorkOf(0, 0).prompt_tokens : 1);
  }
}

TEST_F(VariantSessionTest, StartsAnewWithEachPrompt) {
  const RunPlan plan = Plan("");
  Gemma3n model = Model(plan);
  VariantSession session(model, MakePleSource(ParsePleSpec("resident"), plan.table), plan.WorkOf(0, 0),
                         plan.variants[0].config.workload);
  const std::string first = session.Prefill().logits_sha256, step = session.Step().logits_sha256;
  session.Step();
  EXPECT_EQ(session.Prefill().logits_sha256, first);
  EXPECT_EQ(session.kv().length(), plan.WorkOf(0, 0).prompt_tokens);
  EXPECT_EQ(session.Step().logits_sha256, step);
}

TEST_F(VariantSessionTest, GreedyFeedsTheLikeliestToken) {
  const RunPlan plan = Plan(", decode: greedy, batch: 2");
  Gemma3n model = Model(plan);
  VariantSession session(model, MakePleSource(ParsePleSpec("resident"), plan.table), plan.WorkOf(0, 0),
                         plan.variants[0].config.workload);
  torch::Tensor logits = session.Prefill().logits.squeeze(1);
  for (int step = 0; step < 4; ++step) {
    ASSERT_EQ(session.next_ids().size(), 2u);
    for (int64_t b = 0; b < 2; ++b) EXPECT_EQ(session.next_ids()[b], logits[b].argmax().item<int64_t>());
    logits = session.Step().logits;
  }
}

TEST_F(VariantSessionTest, SequencesOfABatchDrawApart) {
  const auto drawn = [&](int64_t seed) {
    const RunPlan plan = Plan(Format(", decode: sample, temperature: 5, batch: 4, seed: {}", seed));
    Gemma3n model = Model(plan);
    VariantSession session(model, MakePleSource(ParsePleSpec("resident"), plan.table), plan.WorkOf(0, 0),
                           plan.variants[0].config.workload);
    session.Prefill();
    std::vector<std::vector<int64_t>> ids(4);
    for (int step = 0; step < 6; ++step) {
      for (int64_t b = 0; b < 4; ++b) ids[b].push_back(session.next_ids()[b]);
      session.Step();
    }
    return ids;
  };
  const auto first = drawn(1);
  EXPECT_EQ(first, drawn(1));
  EXPECT_NE(first, drawn(2));
  EXPECT_NE(first[0], first[1]);
}

// Rows that are read without a trace, and the ids that they are asked for.
class Traceless : public PleWrapper {
 public:
  Traceless(std::unique_ptr<PleSource> over, std::vector<int64_t>& asked)
      : PleWrapper(std::move(over)), asked_(asked) {}
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override {
    asked_.insert(asked_.end(), ids.begin(), ids.end());
    return PleWrapper::Begin(ids);
  }
  PleSource* traceless() override { return this; }

 private:
  std::vector<int64_t>& asked_;
};

// A session whose source tells what it was asked for.
class AskedSessionTest : public VariantSessionTest {
 protected:
  const RunPlan plan_ = Plan("");
  Gemma3n model_ = Model(plan_);
  const Workload& work_ = plan_.WorkOf(0, 0);
  std::vector<int64_t> asked_;
  VariantSession session_{
      model_, std::make_shared<Traceless>(MakePleSource(ParsePleSpec("disk"), plan_.table), asked_), work_,
      plan_.variants[0].config.workload};
};

TEST_F(AskedSessionTest, RehearsesWithTheRowsOfTheIdsBeforeAndCountsTheStepAlone) {
  VariantSession plain(model_, MakePleSource(ParsePleSpec("resident"), plan_.table), work_,
                       plan_.variants[0].config.workload);
  session_.Prefill();
  plain.Prefill();
  for (int64_t step = 0; step < 3; ++step) {
    const int64_t last = step == 0 ? work_.prompts.at(0).back() : work_.replay.at(0).at(step - 1);
    asked_.clear();
    const StepResult result = session_.Step();
    EXPECT_THAT(asked_, ::testing::ElementsAre(last, work_.replay.at(0).at(step)));
    EXPECT_EQ(result.ple.lookups, 1);
    EXPECT_EQ(result.ple.read_calls, 1);
    EXPECT_EQ(result.logits_sha256, plain.Step().logits_sha256);
  }
}

TEST_F(AskedSessionTest, ARehearsedPromptReadsNoRowsAndLeavesNothing) {
  const std::string first = session_.Prefill().logits_sha256;
  asked_.clear();
  session_.RehearsePrompt();
  EXPECT_TRUE(asked_.empty());
  EXPECT_EQ(session_.Prefill().logits_sha256, first);
}

// A step that is observed after each step, against a session without any.
TEST_F(VariantSessionTest, ObservingAStepChangesNoLaterOne) {
  for (const char* workload : {"", ", decode: sample, temperature: 5, batch: 2, seed: 4"}) {
    const RunPlan plan = Plan(workload);
    Gemma3n model = Model(plan);
    const Workload& work = plan.WorkOf(0, 0);
    const WorkloadSection& section = plan.variants[0].config.workload;
    VariantSession observed(model, MakePleSource(ParsePleSpec("disk"), plan.table), work, section);
    VariantSession plain(model, MakePleSource(ParsePleSpec("disk"), plan.table), work, section);
    observed.Prefill();
    plain.Prefill();
    for (int64_t step = 0; step < work.steps(); ++step) {
      const StepResult result = observed.Step(), expected = plain.Step();
      EXPECT_EQ(result.logits_sha256, expected.logits_sha256);
      EXPECT_EQ(result.step_bytes, expected.step_bytes);
      EXPECT_EQ(result.ple.lookups, expected.ple.lookups);
      const ObservedStep again = observed.ObserveStep();
      EXPECT_EQ(observed.kv().length(), plain.kv().length());
      int64_t bytes = again.row_bytes, ns = again.times.rows_ns;
      for (const int64_t of : again.part_bytes.values) bytes += of;
      for (const int64_t of : again.times.part_ns.values) ns += of;
      EXPECT_EQ(bytes, result.step_bytes);
      EXPECT_EQ(ns, again.times.duration_ns);
      EXPECT_GT(ns, 0);
    }
  }
}

// The source is asked for the ids of the step that is repeated, after the rehearsal's.
TEST_F(AskedSessionTest, AnObservedStepReadsTheRowsOfTheLastOne) {
  session_.Prefill();
  for (int64_t step = 0; step < work_.steps(); ++step) session_.Step();
  asked_.clear();
  session_.ObserveStep();
  const int64_t last = work_.replay.at(0).back();
  EXPECT_THAT(asked_, ::testing::ElementsAre(last, last));
}

TEST_F(VariantSessionTest, TheHashIsThatOfTheLogitsInMemoryOrder) {
  const torch::Tensor logits = torch::arange(6, torch::kFloat32).view({2, 3});
  const std::vector<float> plain = {0, 1, 2, 3, 4, 5}, turned = {0, 3, 1, 4, 2, 5};
  EXPECT_EQ(HashOf(logits), Sha256Hex(std::as_bytes(std::span(plain))));
  EXPECT_EQ(HashOf(logits.t()), Sha256Hex(std::as_bytes(std::span(turned))));
}

}  // namespace variant_session_test
}  // namespace plelab
