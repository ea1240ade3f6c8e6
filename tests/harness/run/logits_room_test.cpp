#include "harness/run/logits_room.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/error.h"
#include "model/catalog/parameter_count.h"

namespace plelab {
namespace logits_room_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

// By hand, from the published E2B shape: 262,400 logits, 30 layers of which 20 hold 2 heads of 256, 8 query
// heads.
TEST(LogitsRoom, OfE2bAgreesWithTheShape) {
  const Gemma3nConfig config = ParseConfig(ShapeConfigJson("e2b"), "e2b");
  const LogitsMemory memory =
      EstimateLogits(config, {.dtype = DType::kBFloat16, .tokens = 1000, .tokens_per_pass = 100});
  EXPECT_EQ(memory.file_bytes, int64_t{1000} * 262'400 * 4);
  // Logits twice; four copies of four streams of 2,048 and an FFN of 8,192; three blocks of scores; keys and
  // values.
  EXPECT_EQ(memory.pass_bytes, int64_t{2} * 100 * 262'400 * 4 + int64_t{4} * 100 * (4 * 2048 + 8192) * 4 +
                                   int64_t{3} * (64 << 20) + int64_t{4} * 1000 * 2 * 256 * 4);
  EXPECT_GT(memory.file_bytes, memory.pass_bytes);
  EXPECT_EQ(memory.total(), 2 * memory.file_bytes + memory.weights_bytes + memory.kv_bytes + 400'000'000);
  EXPECT_EQ(memory.kv_bytes, int64_t{2} * 20 * 1000 * 2 * 256 * 2);
  EXPECT_NEAR(static_cast<double>(memory.weights_bytes), (1.91e9 + 0.537e9) * 2, 0.1e9)
      << "the advertised 1.91 B and the embedding";
}

TEST(LogitsRoom, WhatFitsInOnePassNeedsNoCache) {
  const Gemma3nConfig config = ParseConfig(ShapeConfigJson("small"), "small");
  EXPECT_EQ(EstimateLogits(config, {.tokens = 8, .tokens_per_pass = 8}).kv_bytes, 0);
  EXPECT_GT(EstimateLogits(config, {.tokens = 8, .tokens_per_pass = 1}).kv_bytes, 0);
}

TEST(LogitsRoom, AHeadOfItsOwnIsHeldToo) {
  Gemma3nConfig config = ParseConfig(ShapeConfigJson("e2b"), "e2b");
  const LogitsWork work = {.dtype = DType::kBFloat16, .tokens = 8, .tokens_per_pass = 8};
  const int64_t tied = EstimateLogits(config, work).weights_bytes;
  config.text.own_head = true;
  EXPECT_EQ(EstimateLogits(config, work).weights_bytes, tied + int64_t{262'400} * 2048 * 2);
}

TEST(LogitsRoom, TheLargerOfFileAndPassIsHeldBesideTheFile) {
  const Gemma3nConfig config = ParseConfig(ShapeConfigJson("e2b"), "e2b");
  const LogitsMemory one = EstimateLogits(config, {.tokens = 30, .tokens_per_pass = 100});
  EXPECT_EQ(one.file_bytes, int64_t{30} * 262'400 * 4);
  EXPECT_EQ(one.pass_bytes, int64_t{2} * 30 * 262'400 * 4 + int64_t{4} * 30 * (4 * 2048 + 8192) * 4 +
                                int64_t{3} * (64 << 20) + int64_t{4} * 30 * 2 * 256 * 4)
      << "no more tokens than there are";
  EXPECT_EQ(one.kv_bytes, 0);
  EXPECT_EQ(one.total(), one.file_bytes + one.pass_bytes + one.weights_bytes + 400'000'000);
}

// The scores of one query against four million keys are more than a block.
TEST(LogitsRoom, ALongTextHasLargerScoresThanABlock) {
  const Gemma3nConfig config = ParseConfig(ShapeConfigJson("e2b"), "e2b");
  const int64_t tokens = 4'000'000;
  EXPECT_EQ(EstimateLogits(config, {.tokens = tokens, .tokens_per_pass = 1}).pass_bytes,
            int64_t{2} * 262'400 * 4 + int64_t{4} * (4 * 2048 + 8192) * 4 + 3 * 8 * tokens * 4 +
                4 * tokens * 2 * 256 * 4);
}

TEST(LogitsRoom, TowersAndRowsAreHeldWhereTheyAreUsed) {
  const Gemma3nConfig config = ParseConfig(ShapeConfigJson("e2b"), "e2b");
  LogitsWork work = {.dtype = DType::kBFloat16, .tokens = 8, .tokens_per_pass = 8};
  const GroupSums bytes = CountPublished(config, DType::kBFloat16).bytes;
  EXPECT_EQ(EstimateLogits(config, work).weights_bytes, bytes.working_set());
  work.images = true;
  EXPECT_EQ(EstimateLogits(config, work).weights_bytes, bytes.working_set() + bytes.vision());
  work.images = false;
  work.audio = true;
  EXPECT_EQ(EstimateLogits(config, work).weights_bytes, bytes.working_set() + bytes.audio());
  work.audio = false;
  work.row_bytes_held = 12'345;
  EXPECT_EQ(EstimateLogits(config, work).weights_bytes, bytes.working_set() + 12'345);
}

TEST(LogitsRoom, MoreThanIsThereIsRefusedWithNumbers) {
  const Gemma3nConfig config = ParseConfig(ShapeConfigJson("small"), "small");
  EXPECT_NO_THROW(CheckLogitsRoom(config, {.tokens = 10, .tokens_per_pass = 10}, "x.h5"));
  EXPECT_THAT(
      [&] { CheckLogitsRoom(config, {.tokens = 1'000'000'000'000, .tokens_per_pass = 100}, "x.h5"); },
      ThrowsMessage<UserError>(AllOf(HasSubstr("x.h5: 1000000000000 tokens"), HasSubstr("are available"))));
}

}  // namespace logits_room_test
}  // namespace plelab
