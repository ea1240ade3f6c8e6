// Compares the text decoder with transformers 5.23.0 on every golden.  Recipe:
// scripts/reference/make_text_goldens.py.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "model/gemma3n/gemma3n.h"
#include "tests/support/golden.h"
#include "tests/support/tensor_ple.h"

namespace plelab {
namespace text_parity_test {

class TextParity : public ::testing::TestWithParam<std::string> {
 protected:
  TextParity() : golden_(GetParam()), table_(ReadPleTable(*golden_.checkpoint)) {}

  Gemma3n Load(DType dtype) const { return Gemma3n::Load(golden_.checkpoint, {.dtype = dtype}); }
  const TextConfig& text() const { return golden_.checkpoint->config().text; }

  static torch::Tensor Forward(Gemma3n& model, PleSource& ple, const torch::Tensor& ids, KvCache* kv,
                               LogitsWanted wanted = LogitsWanted::kAll) {
    const torch::Tensor flat = ids.contiguous();
    const auto request = ple.Begin({flat.const_data_ptr<int64_t>(), static_cast<size_t>(flat.numel())});
    return model.Forward(flat, kv, *request, wanted);
  }
  std::unique_ptr<PleSource> Ple() const { return MakeTensorPle(table_, text().num_hidden_layers); }

  // All logits, with `piece` tokens per Forward, through a cache with chunks of `chunk`.
  torch::Tensor InPieces(Gemma3n& model, int64_t piece, int64_t chunk) const {
    const torch::Tensor& ids = golden_.ids();
    const auto ple = Ple();
    KvCache kv = model.MakeKvCache(ids.size(0), ids.size(1), chunk);
    std::vector<torch::Tensor> logits;
    for (const torch::Tensor& some : ids.split(piece, 1)) logits.push_back(Forward(model, *ple, some, &kv));
    EXPECT_EQ(kv.length(), ids.size(1));
    return torch::cat(logits, 1);
  }
  void ExpectReference(const torch::Tensor& logits) const {
    const torch::Tensor& reference = golden_["logits_float32"];
    ASSERT_EQ(logits.sizes(), reference.sizes());
    EXPECT_LE(MaxAbs(logits - reference), LogitTolerance(reference));
  }

  TextGolden golden_;
  torch::Tensor table_;
};

TEST_P(TextParity, OnePassInFloat32) {
  Gemma3n model = Load(DType::kFloat32);
  const torch::Tensor logits = Forward(model, *Ple(), golden_.ids(), nullptr);
  EXPECT_EQ(logits.scalar_type(), torch::kFloat32);
  ExpectReference(logits);
}

TEST_P(TextParity, StepByStepInFloat32) {
  Gemma3n model = Load(DType::kFloat32);
  ExpectReference(InPieces(model, /*piece=*/1, /*chunk=*/1));
}

TEST_P(TextParity, OddPiecesInFloat32) {
  Gemma3n model = Load(DType::kFloat32);
  ExpectReference(InPieces(model, /*piece=*/5, /*chunk=*/5));
  // Each Forward splits its own tokens: 4 + 4 + 3.
  ExpectReference(InPieces(model, /*piece=*/11, /*chunk=*/4));
  ExpectReference(InPieces(model, golden_.ids().size(1), /*chunk=*/3));
}

TEST_P(TextParity, DecodeStepGoesOnAfterAPrompt) {
  Gemma3n model = Load(DType::kFloat32);
  const torch::Tensor& ids = golden_.ids();
  const auto ple = Ple();
  KvCache kv = model.MakeKvCache(ids.size(0), ids.size(1));
  const int64_t prompt = ids.size(1) / 2;
  std::vector<torch::Tensor> logits = {Forward(model, *ple, ids.narrow(1, 0, prompt), &kv)};
  for (int64_t t = prompt; t < ids.size(1); ++t) {
    const torch::Tensor next = ids.select(1, t).contiguous();
    const std::span<const int64_t> span(next.const_data_ptr<int64_t>(), static_cast<size_t>(next.numel()));
    logits.push_back(model.DecodeStep(span, kv, *ple->Begin(span)).unsqueeze(1));
  }
  ExpectReference(torch::cat(logits, 1));
}

// Our bfloat16 may be at most 1.1 × as far from the float32 reference as the reference's own bfloat16.
TEST_P(TextParity, AsCloseAsTheReferenceInBFloat16) {
  Gemma3n model = Load(DType::kBFloat16);
  const torch::Tensor& exact = golden_["logits_float32"];
  const double theirs = Rms(golden_["logits_bfloat16"] - exact);
  ASSERT_GT(theirs, 0);
  const double one_pass = Rms(Forward(model, *Ple(), golden_.ids(), nullptr) - exact) / theirs;
  const double step_by_step = Rms(InPieces(model, /*piece=*/1, /*chunk=*/1) - exact) / theirs;
  RecordProperty("one_pass", std::to_string(one_pass));
  RecordProperty("step_by_step", std::to_string(step_by_step));
  EXPECT_LE(one_pass, 1.1);
  EXPECT_LE(step_by_step, 1.1);
}

// Without this test, the others would pass even if PLE were ignored, given a table of zeros.
TEST_P(TextParity, ZeroingTheTableMovesTheLogits) {
  Gemma3n model = Load(DType::kFloat32);
  const auto zero = MakeTensorPle(torch::zeros_like(table_), text().num_hidden_layers);
  const torch::Tensor logits = Forward(model, *zero, golden_.ids(), nullptr);
  const torch::Tensor& reference = golden_["logits_float32"];
  EXPECT_GT(MaxAbs(logits - reference), 0.01 * MaxAbs(reference));
}

TEST_P(TextParity, ABatchIsItsSequences) {
  Gemma3n model = Load(DType::kFloat32);
  const torch::Tensor ids = torch::cat({golden_.ids(), golden_.ids().flip(1)});  // different neighbours
  const auto ple = Ple();
  KvCache kv = model.MakeKvCache(ids.size(0), ids.size(1), 6);
  const torch::Tensor together = Forward(model, *ple, ids, nullptr);
  const torch::Tensor together_cached = Forward(model, *ple, ids, &kv);
  for (int64_t b = 0; b < ids.size(0); ++b) {
    const torch::Tensor alone = Forward(model, *ple, ids.narrow(0, b, 1), nullptr);
    EXPECT_LE(MaxAbs(together.narrow(0, b, 1) - alone), LogitTolerance(alone)) << "sequence " << b;
    EXPECT_LE(MaxAbs(together_cached.narrow(0, b, 1) - alone), LogitTolerance(alone))
        << "sequence " << b << ", cached";
  }
}

TEST_P(TextParity, LastLogitsAreTheLastOfAll) {
  Gemma3n model = Load(DType::kFloat32);
  const torch::Tensor& ids = golden_.ids();
  const auto ple = Ple();
  const torch::Tensor last = golden_["logits_float32"].narrow(1, ids.size(1) - 1, 1);
  const torch::Tensor alone = Forward(model, *ple, ids, nullptr, LogitsWanted::kLast);
  ASSERT_EQ(alone.sizes(), last.sizes());
  EXPECT_LE(MaxAbs(alone - last), LogitTolerance(last)) << "no cache";
  KvCache kv = model.MakeKvCache(ids.size(0), ids.size(1), 7);
  EXPECT_LE(MaxAbs(Forward(model, *ple, ids, &kv, LogitsWanted::kLast) - last), LogitTolerance(last))
      << "in chunks";
  model.ComputeWholePrompts(true);
  kv.Clear();
  const torch::Tensor whole = Forward(model, *ple, ids, &kv, LogitsWanted::kLast);
  ASSERT_EQ(whole.sizes(), last.sizes());
  EXPECT_LE(MaxAbs(whole - last), LogitTolerance(last)) << "all layers for all tokens";
}

// A prompt that is read only for its keys (kNone) fills the cache in the same way: the tokens after it have
// the reference's logits.
TEST_P(TextParity, APromptWithoutLogitsFillsTheCache) {
  Gemma3n model = Load(DType::kFloat32);
  const torch::Tensor& ids = golden_.ids();
  const auto ple = Ple();
  const int64_t prompt = ids.size(1) - 3;
  const torch::Tensor tail = golden_["logits_float32"].narrow(1, prompt, 3);
  for (const bool whole : {false, true}) {
    model.ComputeWholePrompts(whole);
    KvCache kv = model.MakeKvCache(ids.size(0), ids.size(1), 7);
    EXPECT_FALSE(Forward(model, *ple, ids.narrow(1, 0, prompt), &kv, LogitsWanted::kNone).defined());
    EXPECT_EQ(kv.length(), prompt);
    EXPECT_LE(MaxAbs(Forward(model, *ple, ids.narrow(1, prompt, 3), &kv) - tail), LogitTolerance(tail));
  }
}

INSTANTIATE_TEST_SUITE_P(Goldens, TextParity, ::testing::ValuesIn(TextGoldenNames()),
                         [](const auto& golden) { return golden.param; });

}  // namespace text_parity_test
}  // namespace plelab
