// Checkpoints whose weights and rows are stored in float16, and in all formats beside each other: every
// strategy reads them, in one pass and step by step.  Parity with the reference is in text_parity_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/gemma3n/gemma3n.h"
#include "model/ple/strategies/factory.h"
#include "tests/support/golden.h"

namespace plelab {
namespace stored_formats_test {

class StoredFormats : public ::testing::TestWithParam<const char*> {
 protected:
  // Logits of one pass, then those of single steps: [B, 2 T, vocab].
  torch::Tensor Logits(Gemma3n& model, const std::string& spec) const {
    const auto source = MakePleSource(ParsePleSpec(spec), golden_.checkpoint->ple_table());
    const torch::Tensor& ids = golden_.ids();
    const auto span = [](const torch::Tensor& t) {
      return std::span(t.const_data_ptr<int64_t>(), static_cast<size_t>(t.numel()));
    };
    std::vector<torch::Tensor> logits = {
        model.Forward(ids, nullptr, *source->Begin(span(ids)), LogitsWanted::kAll)};
    KvCache kv = model.MakeKvCache(ids.size(0), ids.size(1));
    for (int64_t t = 0; t < ids.size(1); ++t) {
      const torch::Tensor next = ids.select(1, t).contiguous();
      logits.push_back(model.DecodeStep(span(next), kv, *source->Begin(span(next))).unsqueeze(1));
    }
    return torch::cat(logits, 1);
  }
  TextGolden golden_{GetParam()};
};

TEST_P(StoredFormats, RowsAreInFloat16AndWeightsInTheFormatsThatTheNameSays) {
  std::set<DType> formats;
  for (const auto& [name, info] : golden_.checkpoint->tensors()) formats.insert(info.dtype);
  EXPECT_EQ(formats.size(), GetParam() == std::string("half") ? 1u : 3u);
  EXPECT_EQ(golden_.checkpoint->ple_table().geometry.dtype, DType::kFloat16);
}

TEST_P(StoredFormats, ExactStrategiesAgreeBitForBit) {
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    Gemma3n model = Gemma3n::Load(golden_.checkpoint, {.dtype = dtype});
    const torch::Tensor resident = Logits(model, "resident");
    for (const char* spec : {"cached,capacity=10%", "disk", "disk,backend=mmap", "disk,backend=direct"}) {
      EXPECT_TRUE(Logits(model, spec).equal(resident)) << Name(dtype) << ", " << spec;
    }
    for (const char* spec : {"dropped", "resident,transform=mean_layers,layers=0", "disk,transform=int4",
                             "resident,transform=low_rank,rank=2", "resident,transform=shuffled"}) {
      const torch::Tensor logits = Logits(model, spec);
      EXPECT_TRUE(logits.isfinite().all().item<bool>()) << spec;
      EXPECT_GT(MaxAbs(logits - resident), 0) << spec;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Goldens, StoredFormats, ::testing::Values("half", "untied"),
                         [](const auto& golden) { return std::string(golden.param); });

}  // namespace stored_formats_test
}  // namespace plelab
