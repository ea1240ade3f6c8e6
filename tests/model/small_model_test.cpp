// The model that ships: configs/models/small.json and its vocabulary.
#include <gtest/gtest.h>

#include <set>

#include "model/config.h"
#include "model/parameter_count.h"
#include "model/tokenizer.h"

namespace plelab {
namespace {

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

}  // namespace
}  // namespace plelab
