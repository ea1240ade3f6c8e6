// The model that ships with the project: configs/models/small.json and its vocabulary.
#include <gtest/gtest.h>

#include <memory>
#include <set>

#include "model/catalog/parameter_count.h"
#include "model/checkpoint/config.h"
#include "model/gemma3n/gemma3n.h"
#include "model/ple/strategies/factory.h"
#include "model/ple/strategies/ple_options.h"
#include "model/tokens/tokenizer.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace small_model_test {

const std::string kModels = PLELAB_SOURCE_DIR "/configs/models";

const Gemma3nConfig& Small() {
  static const Gemma3nConfig config = ReadConfig(kModels + "/small.json");
  return config;
}

// Counted from the reference's modules, plus the unused k/v of published files (configs/models/README.md).
TEST(SmallModel, HasTheParametersThatItsReadmeSays) {
  const GroupSums sums = CountPublished(Small(), DType::kBFloat16).parameters;
  EXPECT_EQ(sums.total(), 11'878'720);
  EXPECT_EQ(sums[ParameterGroup::kPleTable], 2'621'440);
  EXPECT_EQ(sums[ParameterGroup::kTokenEmbedding], 2'162'688);
  EXPECT_EQ(sums[ParameterGroup::kUnusedKv], 262'400);
  EXPECT_LE(sums.total(), 12'000'000);
}

TEST(SmallModel, HasEveryMechanismOn) {
  const TextConfig& text = Small().text;
  EXPECT_TRUE(Small().text_only);
  EXPECT_EQ(text.altup_num_inputs, 4);
  EXPECT_TRUE(text.altup_correct_scale);
  EXPECT_GT(text.laurel_rank, 0);
  EXPECT_GT(text.hidden_size_per_layer_input, 0);
  EXPECT_GT(text.final_logit_softcapping, 0);
  EXPECT_GT(text.activation_sparsity_pattern.front(), 0.9);
  EXPECT_EQ(text.activation_sparsity_pattern.back(), 0);
  EXPECT_GT(std::set(text.intermediate_size.begin(), text.intermediate_size.end()).size(), 1u);
  EXPECT_EQ(std::set(text.layer_types.begin(), text.layer_types.end()).size(), 2u);
  EXPECT_GT(text.num_kv_shared_layers, 0);
  EXPECT_GT(text.num_attention_heads, text.num_key_value_heads);
  EXPECT_LT(text.sliding_window, 128) << "the window is shorter than the shipped prompts";
}

TEST(SmallModel, EachLayerReadsTheKeysOfTheLastOwnerOfItsType) {
  const TextConfig& text = Small().text;
  EXPECT_EQ(text.kv_donor(6), 5);  // sliding
  EXPECT_EQ(text.kv_donor(8), 5);
  EXPECT_EQ(text.kv_donor(9), 4);  // full
  EXPECT_EQ(text.kv_donor(3), 3);
}

TEST(SmallModel, EveryPieceHasARowAndRoomIsLeftForImagesAndAudio) {
  const Tokenizer tokenizer(kModels + "/small/tokenizer.model", Small());
  EXPECT_EQ(tokenizer.vocab_size(), Small().text.vocab_size_per_layer_input);
  EXPECT_EQ(Small().text.vocab_size - tokenizer.vocab_size(), 256);
  EXPECT_EQ(Small().bos_token_id, tokenizer.PieceId("<bos>"));
  EXPECT_EQ(Small().eos_token_ids,
            (std::vector<int64_t>{tokenizer.PieceId("<eos>"), tokenizer.PieceId("<end_of_turn>")}));
}

// −ln p of the same tokens from their frequencies in the training split alone (with add-one smoothing).
constexpr double kUnigramNats = 7.28;

// Weights made by configs/training/small.yaml, tested on a novel that was kept out of the corpus.
class SmallModelWeights : public ::testing::Test {
 protected:
  // The mean of −ln p over the first tokens of the text.
  double NatsWith(const std::string& ple) {
    Gemma3n model = Gemma3n::Load(checkpoint_, {.dtype = DType::kBFloat16});
    const Tokenizer tokenizer(checkpoint_->tokenizer_path(), model.config());
    const std::string text =
        testing::ReadText(PLELAB_SOURCE_DIR "/configs/text/persuasion.txt").substr(0, 2000);
    std::vector<int64_t> ids = tokenizer.Encode(text);
    ids.insert(ids.begin(), model.config().bos_token_id);
    const auto source = MakePleSource(ParsePleSpec(ple), checkpoint_->ple_table());
    const torch::Tensor all = torch::tensor(ids).unsqueeze(0);
    const torch::Tensor logits =
        model.Forward(all, nullptr, *source->Begin(ids), LogitsWanted::kAll).squeeze(0);
    const int64_t n = std::ssize(ids) - 1;
    const torch::Tensor log_p = torch::log_softmax(logits.narrow(0, 0, n), -1);
    return -log_p.gather(1, all.squeeze(0).narrow(0, 1, n).unsqueeze(1)).mean().item<double>();
  }

  std::shared_ptr<const Checkpoint> checkpoint_ =
      std::make_shared<const Checkpoint>(Checkpoint::Open(kModels + "/small"));
};

TEST_F(SmallModelWeights, AreTrainedAndOfTheShippedShape) {
  EXPECT_EQ(checkpoint_->weights_label(), "trained");
  EXPECT_EQ(checkpoint_->config().text.intermediate_size, Small().text.intermediate_size);
  EXPECT_EQ(checkpoint_->config().text.layer_types, Small().text.layer_types);
  EXPECT_EQ(checkpoint_->ple_table().geometry.layers, Small().text.num_hidden_layers);
}

TEST_F(SmallModelWeights, ReadEnglishAndNeedTheirTable) {
  const double whole = NatsWith("resident");
  EXPECT_LT(whole, kUnigramNats - 1);
  EXPECT_GT(NatsWith("dropped,mode=zero_row"), whole + 0.02);
  EXPECT_GT(NatsWith("dropped,mode=block_off"), whole + 0.02);
}

}  // namespace small_model_test
}  // namespace plelab
