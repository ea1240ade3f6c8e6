// An observer sees what the model does, and observing changes nothing.
#include "model/text/ple_observer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "model/ops/ops.h"
#include "model/text/text_model.h"
#include "tests/support/golden.h"
#include "tests/support/tensor_ple.h"

namespace plelab {
namespace ple_observer_test {

struct Seen : PleObserver {
  std::map<int64_t, PerLayerTerms> terms;
  std::map<int64_t, torch::Tensor> added;
  std::map<int64_t, AltUpStreams> streams;

  void SeeInput(int64_t position, const PerLayerTerms& given) override { terms[position] = given; }
  void SeeAddition(int64_t position, const torch::Tensor& given, const AltUpStreams& to) override {
    added[position] = given.clone();
    for (const auto& stream : to) streams[position].push_back(stream.clone());
  }
};

class PleObserverTest : public ::testing::Test {
 protected:
  PleObserverTest()
      : golden_("odd"),
        table_(ReadPleTable(*golden_.checkpoint)),
        weights_(LoadTextWeights(*golden_.checkpoint, {.dtype = DType::kFloat32})),
        layers_(DefaultLayers(text())) {}

  const TextConfig& text() const { return golden_.checkpoint->config().text; }
  torch::Tensor Logits(PleObserver* observer, LogitsWanted wanted = LogitsWanted::kAll,
                       bool whole_prompts = false) {
    const at::NoGradGuard no_grad;
    TextModel model{text(), weights_, layers_};
    model.whole_prompts = whole_prompts;
    model.observer = observer;
    const auto rows =
        PleRows::FromTable(table_, golden_.ids(), text().hidden_size_per_layer_input, /*padding_idx=*/0);
    return TextForward(model, EmbedTokens(golden_.ids(), model), rows, nullptr, wanted);
  }

  TextGolden golden_;
  torch::Tensor table_;
  TextWeights weights_;
  LayerList layers_;
};

TEST_F(PleObserverTest, LookingChangesNoBit) {
  Seen seen;
  EXPECT_TRUE(Logits(&seen).equal(Logits(nullptr)));
  EXPECT_EQ(std::ssize(seen.added), text().num_hidden_layers);
  EXPECT_EQ(std::ssize(seen.terms), text().num_hidden_layers);
}

TEST_F(PleObserverTest, TheLastAdditionLeadsToTheLogits) {
  Seen seen;
  const auto logits = Logits(&seen);
  const int64_t last = text().num_hidden_layers - 1;
  AltUpStreams streams = seen.streams.at(last);
  for (size_t i = 1; i < streams.size(); ++i) streams[i] = streams[i] + seen.added.at(last);
  const at::NoGradGuard no_grad;
  const auto merged = AltUpMerge(streams, weights_.altup_unembed_projections);
  const auto hidden = RmsNorm(merged, weights_.norm, text().rms_norm_eps);
  EXPECT_TRUE(Softcap(Linear(hidden, weights_.embed_tokens), text().final_logit_softcapping).equal(logits));
}

TEST_F(PleObserverTest, TheTermsAreTheRowAndTheProjection) {
  Seen seen;
  Logits(&seen);
  const int64_t dim = text().hidden_size_per_layer_input;
  const auto rows = PleRows::FromTable(table_, golden_.ids(), dim, -1);
  const auto& projected = seen.terms.at(2).projected;
  EXPECT_TRUE(seen.terms.at(2).row.equal(rows.Layer(2) * std::sqrt(static_cast<double>(dim))));
  const auto unit = projected / weights_.per_layer_projection_norm;
  EXPECT_LT(MaxAbs(unit.square().mean(-1) - 1), 1e-3) << "a norm's output, before its weight";
}

// A norm whose weight is 3 adds vectors of rms 3, whatever its input.
TEST_F(PleObserverTest, TheLengthOfAnAdditionIsItsNormsWeight) {
  for (auto& layer : weights_.layers)
    layer.post_per_layer_input_norm = torch::full({text().hidden_size}, 3.0f);
  Seen seen;
  Logits(&seen);
  for (const auto& [position, added] : seen.added) {
    EXPECT_LT(MaxAbs(added.square().mean(-1).sqrt() - 3), 0.01) << position;
  }
}

TEST_F(PleObserverTest, WhereOneLogitIsWantedTheLastLayersShowOneToken) {
  Seen seen;
  Logits(&seen, LogitsWanted::kLast);
  EXPECT_EQ(seen.added.at(0).size(1), golden_.ids().size(1));
  EXPECT_EQ(seen.added.at(text().num_hidden_layers - 1).size(1), 1);
}

TEST_F(PleObserverTest, AWholePromptIsInAllLayersWhicheverLogitsAreWanted) {
  for (const LogitsWanted wanted : {LogitsWanted::kLast, LogitsWanted::kNone}) {
    Seen seen;
    Logits(&seen, wanted, /*whole_prompts=*/true);
    EXPECT_EQ(std::ssize(seen.added), text().num_hidden_layers);
    for (const auto& [position, added] : seen.added) EXPECT_EQ(added.size(1), golden_.ids().size(1));
  }
}

}  // namespace ple_observer_test
}  // namespace plelab
