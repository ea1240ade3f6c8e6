#include "harness/training/packing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <numeric>

#include "model/base/error.h"
#include "model/training/head_loss.h"
#include "tests/support/checkpoint_files.h"
#include "tests/support/tiny_training.h"

namespace plelab {
namespace packing_test {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

std::vector<int64_t> Flat(const torch::Tensor& x) {
  return {x.const_data_ptr<int64_t>(), x.const_data_ptr<int64_t>() + x.numel()};
}

class PackingTest : public ::testing::Test {
 protected:
  const testing::TinyTraining tiny_;
  const TokenSplit split_ = ReadTokenSplit(tiny_.tokens(), "train", 40);
};

TEST_F(PackingTest, InputsAreBosAndThenTheTargetsBefore) {
  Packing packing(split_, 8, 4, 1);
  const TokenBatch batch = packing.Batch(0);
  for (int64_t w = 0; w < 4; ++w) {
    EXPECT_EQ(batch.inputs[w][0].item<int64_t>(), split_.bos);
    for (int64_t i = 1; i < 8; ++i) {
      const auto before = batch.targets[w][i - 1].item<int64_t>();
      EXPECT_EQ(batch.inputs[w][i].item<int64_t>(), before == kNotScored ? split_.bos : before);
    }
  }
}

TEST_F(PackingTest, AnEpochShowsEachTokenOnceButForTheLastBatch) {
  Packing packing(split_, 8, 4, 1);
  std::map<int64_t, int64_t> left;
  for (const uint16_t id : split_.ids) ++left[id == split_.bos ? kNotScored : id];
  for (int64_t step = 0; step < packing.steps_per_epoch(); ++step) {
    for (const int64_t target : Flat(packing.Batch(step).targets)) EXPECT_GE(--left[target], 0);
  }
  int64_t unused = 0;
  for (const auto& [id, count] : left) unused += count;
  EXPECT_LT(unused, 8 * 4);
}

TEST_F(PackingTest, ABatchDependsOnSeedAndStepAlone) {
  Packing a(split_, 8, 4, 1), b(split_, 8, 4, 1), other(split_, 8, 4, 2);
  const int64_t later = a.steps_per_epoch() + 2;  // in the second epoch
  for (int64_t step = 0; step < later; ++step) a.Batch(step);
  EXPECT_EQ(Flat(a.Batch(later).inputs), Flat(b.Batch(later).inputs));
  EXPECT_NE(Flat(a.Batch(2).inputs), Flat(b.Batch(later).inputs)) << "each epoch has its own order";
  EXPECT_NE(Flat(a.Batch(0).inputs), Flat(other.Batch(0).inputs));
}

// A batch consists of windows from all over the text; otherwise a long document would fill many batches in a
// row.
TEST_F(PackingTest, WindowsThatFollowEachOtherInTheTextDoNotInABatch) {
  TokenSplit split;  // one document, in which each token is its own position
  split.ids.resize(64 * 8);
  std::iota(split.ids.begin(), split.ids.end(), 0);
  split.offsets = {0, std::ssize(split.ids)};
  split.bytes = {1};
  Packing packing(split, 8, 4, 1);
  int64_t neighbours = 0;
  for (int64_t step = 0; step < packing.steps_per_epoch(); ++step) {
    const auto last = packing.Batch(step).targets.select(1, 7);
    for (int64_t w = 1; w < 4; ++w) neighbours += (last[w] - last[w - 1]).item<int64_t>() == 8;
  }
  EXPECT_LT(neighbours, 6) << "of 48 pairs";
}

TEST_F(PackingTest, TooLittleTextForAStepIsAnError) {
  EXPECT_THAT([&] { Packing(split_, 512, 4, 1); }, ThrowsMessage<UserError>(HasSubstr("less than one step")));
}

TEST(TokenSplit, DamagedFilesAreNamed) {
  const testing::TinyTraining tiny;
  const std::string train = tiny.tokens() + "/train.bin", meta = tiny.tokens() + "/meta.json";
  EXPECT_THAT([&] { ReadTokenSplit(tiny.folder(), "train", 40); },
              ThrowsMessage<UserError>(HasSubstr("meta.json")));
  EXPECT_THAT([&] { ReadTokenSplit(tiny.tokens(), "train", 20); },
              ThrowsMessage<UserError>(HasSubstr("expected below the model's vocabulary of 20")));
  const std::string ids = testing::ReadText(train);
  testing::WriteText(train, ids.substr(2));
  EXPECT_THAT([&] { ReadTokenSplit(tiny.tokens(), "train", 40); },
              ThrowsMessage<UserError>(HasSubstr("train.bin: expected")));
  testing::WriteText(train, ids.substr(2) + ids.substr(0, 2));
  EXPECT_THAT([&] { ReadTokenSplit(tiny.tokens(), "train", 40); },
              ThrowsMessage<UserError>(HasSubstr("document 0 does not begin with bos")));
  testing::WriteText(meta, testing::Replaced(testing::ReadText(meta), "\"bos\"", "\"box\""));
  EXPECT_THAT([&] { ReadTokenSplit(tiny.tokens(), "train", 40); },
              ThrowsMessage<UserError>(HasSubstr("'bos'")));
}

// Each would be read outside of the file, or leave ids that belong to no document.
TEST(TokenSplit, OffsetsThatLeaveTheFileAreNamed) {
  const testing::TinyTraining tiny;
  const std::string meta = tiny.tokens() + "/meta.json", whole = testing::ReadText(meta);
  const std::string first = "\"offset\": [0,6,13,";
  for (const std::string offsets : {"1000000000,2000000000,3000000000,", "0,1000000000,13,", "6,6,13,",
                                    "6,7,13,", "0,13,6,", "0,0,13,", "0,6,1099511627776,"}) {
    testing::WriteText(meta, testing::Replaced(whole, first, "\"offset\": [" + offsets));
    EXPECT_THAT([&] { ReadTokenSplit(tiny.tokens(), "train", 40); },
                ThrowsMessage<UserError>(HasSubstr("meta.json says that document")))
        << offsets;
  }
  testing::WriteText(meta, testing::Replaced(whole, first, "\"offset\": [-1,6,13,"));
  EXPECT_THAT([&] { ReadTokenSplit(tiny.tokens(), "train", 40); },
              ThrowsMessage<UserError>(HasSubstr("offset")));
}

TEST(TokenSplit, WithoutADocumentThereIsNothingToPack) {
  const testing::TinyTraining tiny;
  testing::WriteText(tiny.tokens() + "/meta.json",
                     R"({"bos": 2, "splits": {"train": {"ids": 3, "sha256": "abc", "documents_table":
{"domains": [], "offset": [], "bytes": [], "domain": []}}}})");
  testing::WriteText(tiny.tokens() + "/train.bin", std::string(6, '\2'));
  EXPECT_THAT([&] { ReadTokenSplit(tiny.tokens(), "train", 40000); },
              ThrowsMessage<UserError>(HasSubstr("holds no document")));
}

TEST(TokenSplit, DocumentsUntilSoManyTokens) {
  const testing::TinyTraining tiny;
  const TokenSplit split = ReadTokenSplit(tiny.tokens(), "test", 40);
  EXPECT_EQ(DocumentsUntil(split, 0), 6);
  EXPECT_EQ(DocumentsUntil(split, 1), 1);
  EXPECT_EQ(DocumentsUntil(split, split.offsets[2]), 2);
  EXPECT_EQ(DocumentsUntil(split, split.offsets[2] + 1), 3);
  EXPECT_EQ(DocumentsUntil(split, 1'000'000), 6);
}

}  // namespace packing_test
}  // namespace plelab
