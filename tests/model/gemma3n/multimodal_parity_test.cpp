// Compares prompts with images and clips with transformers 5.23.0.  Recipe:
// scripts/reference/make_multimodal_goldens.py.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <memory>
#include <string>
#include <vector>

#include "model/base/error.h"
#include "model/gemma3n/gemma3n.h"
#include "model/ple/strategies/factory.h"
#include "tests/support/multimodal_golden.h"

namespace plelab {
namespace multimodal_parity_test {

std::unique_ptr<PleSource> Source(const Checkpoint& checkpoint, const std::string& spec = "resident") {
  return MakePleSource(ParsePleSpec(spec), checkpoint.ple_table());
}

// One checkpoint for all tests, because writing it draws 7 million numbers.
const MultimodalGolden& Golden() {
  static const MultimodalGolden golden;
  return golden;
}

class MultimodalParity : public ::testing::TestWithParam<std::string> {
 protected:
  static Gemma3n Load(DType dtype) { return Gemma3n::Load(Golden().checkpoint(), {.dtype = dtype}); }
  torch::Tensor ids() const { return Golden().ids(GetParam()); }

  // All logits [T, vocab], with `piece` tokens per pass through a cache; 0: one pass without a cache.
  torch::Tensor Logits(Gemma3n& model, int64_t piece = 0, const std::string& ple = "resident") const {
    const auto source = Source(*Golden().checkpoint(), ple);
    const SoftTokens all = model.Encode(Golden().Media(GetParam()));
    const torch::Tensor prompt = ids();
    const int64_t tokens = prompt.size(1), step = piece > 0 ? piece : tokens;
    std::optional<KvCache> kv;
    if (piece > 0) kv = model.MakeKvCache(1, tokens, piece);
    std::vector<torch::Tensor> logits;
    for (int64_t from = 0; from < tokens; from += step) {
      const int64_t to = std::min(from + step, tokens);
      const torch::Tensor part = prompt.narrow(1, from, to - from).contiguous();
      const std::span<const int64_t> span(part.const_data_ptr<int64_t>(), static_cast<size_t>(to - from));
      const SoftTokens soft = SoftTokensOf(all, prompt[0], from, to, model.config().special);
      const auto request = source->Begin(span);
      logits.push_back(piece == 1
                           ? model.DecodeStep(span, *kv, *request, soft)
                           : model.Forward(part, kv ? &*kv : nullptr, *request, LogitsWanted::kAll, soft)[0]);
    }
    return torch::cat(logits);
  }
  void ExpectReference(const torch::Tensor& logits) const {
    const torch::Tensor& reference = Golden().Of(GetParam(), "float32");
    const torch::Tensor ours = logits.index_select(0, Golden().Of(GetParam(), "positions"));
    EXPECT_LE(MaxAbs(ours - reference), LogitTolerance(reference));
  }
};

TEST_P(MultimodalParity, OnePassInFloat32) {
  Gemma3n model = Load(DType::kFloat32);
  ExpectReference(Logits(model));
}

TEST_P(MultimodalParity, PiecesAndStepsInFloat32) {
  Gemma3n model = Load(DType::kFloat32);
  ExpectReference(Logits(model, /*piece=*/37));
  ExpectReference(Logits(model, /*piece=*/1));
}

TEST_P(MultimodalParity, AsCloseAsTheReferenceInBFloat16) {
  Gemma3n model = Load(DType::kBFloat16);
  const torch::Tensor& exact = Golden().Of(GetParam(), "float32");
  const double theirs = Rms(Golden().Of(GetParam(), "bfloat16") - exact);
  const torch::Tensor ours = Logits(model).index_select(0, Golden().Of(GetParam(), "positions"));
  EXPECT_LE(Rms(ours - exact), 1.1 * theirs);
}

TEST_P(MultimodalParity, EveryExactSourceGivesTheSameBits) {
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    Gemma3n model = Load(dtype);
    const torch::Tensor resident = Logits(model);
    for (const std::string spec :
         {"disk", "disk,backend=direct", "disk,backend=mmap", "cached,capacity=5%"}) {
      EXPECT_TRUE(Logits(model, 0, spec).equal(resident)) << spec << ", " << Name(dtype);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Goldens, MultimodalParity, ::testing::ValuesIn(MultimodalGolden::Cases()),
                         [](const auto& golden) { return golden.param; });

TEST(Multimodal, SoftTokensAreReadAsRowZero) {
  const MultimodalGolden& golden = Golden();
  const Gemma3nConfig& config = golden.checkpoint()->config();
  ASSERT_GE(config.special.image, config.text.vocab_size_per_layer_input);
  const auto source = Source(*golden.checkpoint());
  const std::vector<int64_t> ids = {config.special.image, config.special.audio, 0};
  const auto request = source->Begin(ids);
  const auto rows = request->Layer(1);
  const size_t row = rows.size() / 3;
  for (const size_t soft : {0, 1}) {
    EXPECT_TRUE(std::ranges::equal(rows.subspan(soft * row, row), rows.subspan(2 * row, row)));
  }
}

TEST(Multimodal, RefusesMoreOrFewerPlaceholdersThanSoftTokens) {
  Gemma3n model = Gemma3n::Load(Golden().checkpoint(), {.dtype = DType::kFloat32});
  const SoftTokens soft = model.Encode(Golden().Media("image"));
  const torch::Tensor ids = Golden().ids("image");
  const torch::Tensor cut = ids.narrow(1, 0, 100).contiguous();
  const auto request = Source(*Golden().checkpoint())->Begin({cut.const_data_ptr<int64_t>(), 100});
  EXPECT_THROW(model.Forward(cut, nullptr, *request, LogitsWanted::kAll, soft), UserError);
}

TEST(Multimodal, ReadsOnlyTheWeightsThatAnInputNeeds) {
  const auto checkpoint =
      std::make_shared<const Checkpoint>(Checkpoint::Open(Golden().checkpoint()->directory()));
  Gemma3n model = Gemma3n::Load(checkpoint, {.dtype = DType::kBFloat16});
  const auto read = [&](Modality modality) { return checkpoint->weight_bytes_read(modality); };
  EXPECT_GT(read(Modality::kText), 0);
  EXPECT_EQ(read(Modality::kVision) + read(Modality::kAudio), 0) << "text alone";

  model.Encode(Golden().Media("image"));
  EXPECT_GT(read(Modality::kVision), 0);
  EXPECT_EQ(read(Modality::kAudio), 0) << "an image";
  EXPECT_EQ(2 * model.weight_bytes().vision, read(Modality::kVision)) << "float32 in the file, bfloat16 here";
  EXPECT_EQ(model.weight_bytes().audio, 0);

  model.Encode(Golden().Media("audio"));
  EXPECT_EQ(2 * model.weight_bytes().audio, read(Modality::kAudio));
}

TEST(Multimodal, ReleasedTowersComeBackTheSame) {
  const auto checkpoint =
      std::make_shared<const Checkpoint>(Checkpoint::Open(Golden().checkpoint()->directory()));
  Gemma3n model = Gemma3n::Load(checkpoint, {.dtype = DType::kFloat32});
  const MediaInput media = Golden().Media("mixed");
  const SoftTokens first = model.Encode(media);
  model.ReleaseVision();
  model.ReleaseAudio();
  EXPECT_EQ(model.weight_bytes().vision + model.weight_bytes().audio, 0);
  const int64_t before = checkpoint->weight_bytes_read();
  const SoftTokens again = model.Encode(media);
  EXPECT_GT(checkpoint->weight_bytes_read(), before);
  EXPECT_TRUE(again.image.equal(first.image));
  EXPECT_TRUE(again.audio.equal(first.audio));
}

}  // namespace multimodal_parity_test
}  // namespace plelab
