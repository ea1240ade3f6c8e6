#include "harness/training/evaluation.h"

#include <gtest/gtest.h>

#include <numbers>
#include <numeric>

#include "tests/support/checkpoint_files.h"
#include "tests/support/tiny_training.h"

namespace plelab {
namespace evaluation_test {

class Evaluation : public ::testing::Test {
 protected:
  SplitScore Score(int64_t context, int64_t batch) const {
    return ScoreSplit(trainee_, split_, {.documents = split_.documents(), .context = context, .batch = batch},
                      CountIds(train_, 40));
  }
  const testing::TinyTraining tiny_;
  const TokenSplit train_ = ReadTokenSplit(tiny_.tokens(), "train", 40),
                   split_ = ReadTokenSplit(tiny_.tokens(), "test", 40);
  const TextTrainee trainee_ =
      MakeTrainee(ParseConfig(testing::TinyConfig(), "tiny"), PlePlacement::kAll, 1, DType::kFloat32);
};

TEST_F(Evaluation, ScoresEachTokenOnceWhateverTheWindows) {
  for (const int64_t context : {2, 5, 64}) {
    const SplitScore score = Score(context, 3);
    for (int64_t d = 0; d < split_.documents(); ++d) {
      EXPECT_EQ(score.document_tokens[d], std::ssize(split_.Document(d)) - 1) << context;
    }
    const auto binned =
        std::accumulate(score.by_input.tokens.begin(), score.by_input.tokens.end(), int64_t{0});
    EXPECT_EQ(binned, std::ssize(split_.ids) - split_.documents());
  }
}

TEST_F(Evaluation, AWindowThatHoldsADocumentIsItsOwnForwardPass) {
  const SplitScore score = Score(64, 4);
  for (int64_t d = 0; d < split_.documents(); ++d) {
    std::vector<int64_t> ids(split_.Document(d).begin(), split_.Document(d).end());
    const auto all = torch::tensor(ids, torch::kInt64).unsqueeze(0);
    const int64_t n = all.size(1) - 1;
    const auto nats = TargetNats(trainee_, all.narrow(1, 0, n), all.narrow(1, 1, n));
    EXPECT_NEAR(score.document_nats[d], nats.sum().item<double>(), 1e-3) << d;
  }
}

TEST_F(Evaluation, RowsAreNatsPerTokenAndBitsPerByteInAllAndByDomain) {
  const SplitScore score = Score(64, 4);
  const auto rows = ScoreRows("run", "test", score, split_, 200);
  ASSERT_EQ(rows.size(), 4u);
  const double nats = std::accumulate(score.document_nats.begin(), score.document_nats.end(), 0.0);
  const auto bytes =
      static_cast<double>(std::accumulate(split_.bytes.begin(), split_.bytes.end(), int64_t{0}));
  EXPECT_EQ(rows[0].metric, "nats_per_token");
  EXPECT_NEAR(rows[0].value, score.nats_per_token(), 1e-9);
  EXPECT_NEAR(rows[1].value, nats / std::numbers::ln2 / bytes, 1e-9);
  EXPECT_LT(rows[1].low, rows[1].value);
  EXPECT_GT(rows[1].high, rows[1].value);
  EXPECT_EQ(rows[2].task, "test/even");
  EXPECT_EQ(rows[3].task, "test/odd");
}

}  // namespace evaluation_test
}  // namespace plelab
