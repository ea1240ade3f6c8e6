// Multiple choice against lm-evaluation-harness with transformers, on the shipped small model in float32.
// Recipe of the documents and answers: scripts/reference/check_choices.py, which also runs this test on fresh
// random documents.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <numeric>

#include "harness/accuracy/choice_task.h"
#include "harness/accuracy/scoring.h"
#include "model/gemma3n/gemma3n.h"
#include "model/ple/strategies/factory.h"
#include "model/tokens/tokenizer.h"

namespace plelab {
namespace choice_reference_test {

using Ids = std::vector<int64_t>;
using nlohmann::json;

std::string Folder() {
  const char* other = std::getenv("PLELAB_CHOICES");
  return other != nullptr ? other : PLELAB_SOURCE_DIR "/tests/data/choices";
}

// One answer of lm_eval for each document.
std::vector<json> Answers() {
  std::ifstream file(Folder() + "/lm_eval.jsonl");
  std::vector<json> answers;
  for (std::string line; std::getline(file, line);) answers.push_back(json::parse(line));
  return answers;
}

class ChoiceReference : public ::testing::Test {
 protected:
  double Nats(std::span<const int64_t> context, std::span<const int64_t> continuation) {
    Ids ids = {model_.config().bos_token_id};
    ids.insert(ids.end(), context.begin(), context.end());
    ids.insert(ids.end(), continuation.begin(), continuation.end() - 1);
    const auto request = source_->Begin(ids);
    const auto logits =
        model_.Forward(torch::tensor(ids).unsqueeze(0), nullptr, *request, LogitsWanted::kAll).squeeze(0);
    const auto n = std::ssize(continuation);
    const TokenScores scores = ScoreTokens(logits.narrow(0, std::ssize(ids) - n, n), continuation, {});
    return std::accumulate(scores.nats.begin(), scores.nats.end(), 0.0);
  }

  const std::shared_ptr<const Checkpoint> checkpoint_ =
      std::make_shared<const Checkpoint>(Checkpoint::Open(PLELAB_SOURCE_DIR "/configs/models/small"));
  const ChoiceTask task_ = ReadChoiceTask(Folder() + "/documents.jsonl");
  const std::vector<json> answers_ = Answers();
  const Tokenizer tokenizer_{checkpoint_->tokenizer_path(), checkpoint_->config()};
  Gemma3n model_ = Gemma3n::Load(checkpoint_, {.dtype = DType::kFloat32});
  std::unique_ptr<PleSource> source_ = MakePleSource({}, checkpoint_->ple_table());
};

TEST_F(ChoiceReference, ContextsAndChoicesHaveTheReferencesTokens) {
  ASSERT_EQ(answers_.size(), task_.documents.size());
  for (size_t d = 0; d < answers_.size(); ++d) {
    for (int64_t i = 0; i < std::ssize(task_.documents[d].choices); ++i) {
      const auto [ids, split] = EncodeChoice(task_.documents[d], i, tokenizer_, checkpoint_->config());
      EXPECT_EQ(Ids(ids.begin(), ids.begin() + split), answers_[d]["context"][i].get<Ids>())
          << d << ", choice " << i;
      EXPECT_EQ(Ids(ids.begin() + split, ids.end()), answers_[d]["continuation"][i].get<Ids>())
          << d << ", choice " << i;
    }
  }
}

TEST_F(ChoiceReference, LogLikelihoodsAndAccuraciesAreTheReferences) {
  ASSERT_EQ(answers_.size(), task_.documents.size());
  for (size_t d = 0; d < answers_.size(); ++d) {
    std::vector<double> nats;
    const auto keep = [&](std::span<const int64_t> context, std::span<const int64_t> continuation) {
      return nats.emplace_back(Nats(context, continuation));
    };
    ChoiceScores scores;
    ScoreDocument(task_.documents[d], tokenizer_, checkpoint_->config(), keep, scores);
    for (size_t i = 0; i < nats.size(); ++i) {
      const double reference = -answers_[d]["loglikelihood"][i].get<double>();
      EXPECT_NEAR(nats[i], reference, 1e-4 * reference) << d << ", choice " << i;
    }
    EXPECT_EQ(scores.acc[0], answers_[d]["acc"].get<double>()) << d;
    EXPECT_EQ(scores.acc_norm[0], answers_[d]["acc_norm"].get<double>()) << d;
  }
}

}  // namespace choice_reference_test
}  // namespace plelab
