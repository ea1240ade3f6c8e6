// How a text is divided into prompts, replayed ids and the ids that a warmed cache has seen.
#include "harness/workload/workload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

#include "model/base/error.h"

namespace plelab {
namespace workload_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr int64_t kBos = 2;

// Ids 100, 101, …, so that an id tells its position.
TokenText Counting(int64_t n) {
  TokenText text;
  text.path = "text";
  text.ids.resize(n);
  std::iota(text.ids.begin(), text.ids.end(), 100);
  return text;
}

WorkloadSection Section(int64_t prompt, int64_t decode) {
  WorkloadSection section;
  section.prompt_tokens = prompt;
  section.decode_tokens = decode;
  return section;
}

TEST(Workload, BosThenTextThenTheIdsThatFollow) {
  const Workload work = CutWorkloads(Counting(20), Section(3, 2), /*warmup_steps=*/1, kBos, 1).front();
  EXPECT_THAT(work.prompts, ElementsAre(ElementsAre(kBos, 100, 101)));
  EXPECT_THAT(work.replay, ElementsAre(ElementsAre(102, 103, 104)));
  EXPECT_EQ(work.positions(), 6);
}

TEST(Workload, WarmIdsComeBeforeThePrompt) {
  WorkloadSection section = Section(3, 1);
  section.warm_tokens = 4;
  const Workload work = CutWorkloads(Counting(20), section, 0, kBos, 1).front();
  EXPECT_THAT(work.warm_ids, ElementsAre(100, 101, 102, 103));
  EXPECT_THAT(work.prompts, ElementsAre(ElementsAre(kBos, 104, 105)));
}

TEST(Workload, WithoutWarmTokensWarmIdsFollowTheMeasuredSpan) {
  const Workload work = CutWorkloads(Counting(6), Section(3, 2), 0, kBos, 1).front();
  EXPECT_THAT(work.replay, ElementsAre(ElementsAre(102, 103)));
  EXPECT_THAT(work.warm_ids, ElementsAre(104, 105));
}

TEST(Workload, SequencesOfABatchAreStretchesOneAfterTheOther) {
  WorkloadSection section = Section(2, 1);
  section.batch = 2;
  const Workload work = CutWorkloads(Counting(4), section, 0, kBos, 1).front();
  EXPECT_THAT(work.prompts, ElementsAre(ElementsAre(kBos, 100), ElementsAre(kBos, 102)));
  EXPECT_THAT(work.replay, ElementsAre(ElementsAre(101), ElementsAre(103)));
}

TEST(Workload, GreedyDecodingReplaysNothing) {
  WorkloadSection section = Section(3, 50);
  section.decode = Decode::kGreedy;
  const Workload work = CutWorkloads(Counting(2), section, 0, kBos, 1).front();
  EXPECT_THAT(work.replay, IsEmpty());
  EXPECT_THAT(work.prompts, ElementsAre(ElementsAre(kBos, 100, 101)));
}

TEST(Workload, TooShortATextSaysHowManyTokensThereAreAndHowManyAreNeeded) {
  try {
    CutWorkloads(Counting(10), Section(8, 4), 2, kBos, 1);
    FAIL() << "no error";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("text: 10 tokens found, 13 needed"));
  }
}

TEST(Workload, EachRepetitionReadsTheNextStretchWithItsWarmTokensDirectlyBeforeIt) {
  WorkloadSection section = Section(3, 1);
  section.warm_tokens = 2;
  const std::vector<Workload> works = CutWorkloads(Counting(14), section, /*warmup_steps=*/1, kBos, 3);
  ASSERT_EQ(works.size(), 3u);
  EXPECT_THAT(works[0].warm_ids, ElementsAre(100, 101));
  EXPECT_THAT(works[0].prompts, ElementsAre(ElementsAre(kBos, 102, 103)));
  EXPECT_THAT(works[0].replay, ElementsAre(ElementsAre(104, 105)));
  EXPECT_THAT(works[1].warm_ids, ElementsAre(104, 105));
  EXPECT_THAT(works[1].prompts, ElementsAre(ElementsAre(kBos, 106, 107)));
  EXPECT_THAT(works[2].prompts, ElementsAre(ElementsAre(kBos, 110, 111)));
  EXPECT_THAT(works[2].replay, ElementsAre(ElementsAre(112, 113)));
  EXPECT_EQ(works[0].excerpt, 2);
  EXPECT_EQ(works[2].excerpt, 10);
}

TEST(Workload, WithoutWarmTokensNoRepetitionWarmsWithWhatAnotherMeasures) {
  const std::vector<Workload> works = CutWorkloads(Counting(10), Section(3, 2), 0, kBos, 2);
  for (const Workload& work : works) EXPECT_THAT(work.warm_ids, ElementsAre(108, 109));
}

TEST(Workload, ATextThatIsTooShortForAllRepetitionsIsRefused) {
  EXPECT_EQ(CutWorkloads(Counting(12), Section(3, 2), 0, kBos, 3).size(), 3u);
  try {
    CutWorkloads(Counting(11), Section(3, 2), 0, kBos, 3);
    FAIL() << "no error";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("11 tokens found, 12 needed (0 warm + 3 repetitions of 1 sequences"));
  }
}

}  // namespace workload_test
}  // namespace plelab
