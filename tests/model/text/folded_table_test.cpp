#include "model/text/folded_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "model/base/error.h"
#include "model/gemma3n/gemma3n.h"
#include "model/ple/strategies/factory.h"
#include "tests/support/golden.h"
#include "tests/support/multimodal_golden.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace folded_table_test {
namespace fs = std::filesystem;

// A golden's checkpoint in a writable folder.
class FoldedTable : public ::testing::Test {
 protected:
  explicit FoldedTable(const std::string& name = "odd") : golden_(name) {
    fs::copy(golden_.checkpoint->directory(), folder_.path());
    checkpoint_ = Open();
  }

  std::shared_ptr<const Checkpoint> Open() const {
    return std::make_shared<const Checkpoint>(Checkpoint::Open(folder_.path()));
  }
  std::unique_ptr<PleSource> Source(const std::string& spec) const {
    const PleOptions options = ParsePleSpec(spec);
    return MakePleSource(options, TableFor(options, *checkpoint_));
  }
  // All logits of one pass, then those of single steps after half of it: [B, T + T/2, vocab].
  torch::Tensor Logits(Gemma3n& model, const std::string& spec) const {
    const auto source = Source(spec);
    const torch::Tensor& ids = golden_.ids();
    const int64_t batch = ids.size(0), tokens = ids.size(1), half = tokens / 2;
    const auto span = [](const torch::Tensor& t) {
      return std::span(t.const_data_ptr<int64_t>(), static_cast<size_t>(t.numel()));
    };
    std::vector<torch::Tensor> logits = {
        model.Forward(ids, nullptr, *source->Begin(span(ids)), LogitsWanted::kAll)};
    KvCache kv = model.MakeKvCache(batch, tokens);
    const torch::Tensor first = ids.narrow(1, 0, half).contiguous();
    model.Forward(first, &kv, *source->Begin(span(first)), LogitsWanted::kNone);
    for (int64_t t = half; t < tokens; ++t) {
      const torch::Tensor next = ids.select(1, t).contiguous();
      logits.push_back(model.DecodeStep(span(next), kv, *source->Begin(span(next))).unsqueeze(1));
    }
    return torch::cat(logits, 1);
  }
  fs::path file() const { return folder_ / "ple_folded.safetensors"; }

  TextGolden golden_;
  testing::TemporaryFolder folder_;
  std::shared_ptr<const Checkpoint> checkpoint_;
};

class FoldedGoldens : public FoldedTable, public ::testing::WithParamInterface<std::string> {
 protected:
  FoldedGoldens() : FoldedTable(GetParam()) {}
};

TEST_P(FoldedGoldens, LogitsAreTheResidentOnesUpToRounding) {
  Gemma3n model = Gemma3n::Load(checkpoint_, {.dtype = DType::kFloat32});
  const torch::Tensor resident = Logits(model, "resident");
  for (const std::string spec : {"folded", "folded,over=resident", "folded,over=cached,over.capacity=5%"}) {
    EXPECT_LE(MaxAbs(Logits(model, spec) - resident), LogitTolerance(resident)) << spec;
  }
  EXPECT_GT(MaxAbs(Logits(model, "dropped") - resident), 0.01 * MaxAbs(resident)) << "the table matters here";
}
INSTANTIATE_TEST_SUITE_P(Text, FoldedGoldens, ::testing::ValuesIn(TextGoldenNames()));

TEST_F(FoldedTable, IsMadeOnceAndAgainForOtherWeights) {
  EXPECT_FALSE(fs::exists(file()));
  TableFor(ParsePleSpec("disk"), *checkpoint_);
  EXPECT_FALSE(fs::exists(file())) << "nobody asked for it";
  TableFor(ParsePleSpec("folded"), *checkpoint_);
  const auto made = fs::last_write_time(file());
  int64_t done = 0;
  TableFor(ParsePleSpec("folded"), *checkpoint_, [&](int64_t bytes, int64_t) { done = bytes; });
  EXPECT_EQ(done, 0);
  EXPECT_EQ(fs::last_write_time(file()), made);

  const fs::path weights = folder_ / "model.safetensors";
  fs::last_write_time(weights, fs::last_write_time(weights) + std::chrono::seconds(2));
  int64_t total = 0;
  const PleTable table = TableFor(ParsePleSpec("folded"), *checkpoint_, [&](int64_t bytes, int64_t all) {
    done = bytes;
    total = all;
  });
  EXPECT_EQ(done, total);
  EXPECT_EQ(total, table.folded->geometry.table_bytes());
}

TEST_F(FoldedTable, ADamagedFileIsMadeAgain) {
  TableFor(ParsePleSpec("folded"), *checkpoint_);
  const auto size = fs::file_size(file());
  fs::resize_file(file(), size / 2);
  TableFor(ParsePleSpec("folded"), *checkpoint_);
  EXPECT_EQ(fs::file_size(file()), size);
}

TEST_F(FoldedTable, StandsInNobodysWayAsTheCheckpointIsOpenedAgain) {
  TableFor(ParsePleSpec("folded"), *checkpoint_);
  EXPECT_EQ(Open()->fingerprint(), checkpoint_->fingerprint());
  EXPECT_NO_THROW(Gemma3n::Load(Open(), {.dtype = DType::kFloat32}));
}

// A prompt with media falls back to the published rows, and its logits are the same bits; only text after it
// is folded.
TEST(FoldedMedia, APromptWithMediaFallsBack) {
  const MultimodalGolden golden;
  const Checkpoint& checkpoint = *golden.checkpoint();
  const PleOptions folded = ParsePleSpec("folded");
  const PleTable table = TableFor(folded, checkpoint);
  const Gemma3nConfig& config = checkpoint.config();
  EXPECT_LE(table.folded->geometry.vocab, config.vision->vocab_offset);
  EXPECT_LE(table.folded->geometry.vocab, config.special.audio);
  Gemma3n model = Gemma3n::Load(golden.checkpoint(), {.dtype = DType::kFloat32});
  const SoftTokens soft = model.Encode(golden.Media("mixed"));
  const torch::Tensor ids = golden.ids("mixed");
  const std::span<const int64_t> span(ids.const_data_ptr<int64_t>(), static_cast<size_t>(ids.numel()));
  const auto logits = [&](const PleOptions& options) {
    return model.Forward(ids, nullptr, *MakePleSource(options, table)->Begin(span), LogitsWanted::kAll, soft);
  };
  EXPECT_TRUE(logits(folded).equal(logits(ParsePleSpec("resident"))));
}

}  // namespace folded_table_test
}  // namespace plelab
