#include "model/base/nearest_word.h"

#include <gtest/gtest.h>

#include <array>

namespace plelab {
namespace nearest_word_test {

constexpr std::array<std::string_view, 5> kKnown = {"capacity", "policy", "over", "lru", "4k"};

TEST(NearestWord, IsAtMostTwoEditsAway) {
  for (const char* word : {"capcity", "capaacity", "kapacity", "capactiy", "capacity_", "apacit"}) {
    EXPECT_EQ(DidYouMean(word, kKnown), "; did you mean 'capacity'?") << word;
  }
  EXPECT_EQ(DidYouMean("polcy", kKnown), "; did you mean 'policy'?");
  EXPECT_EQ(DidYouMean("capity_", kKnown), "");
  EXPECT_EQ(DidYouMean("window", kKnown), "");
}

TEST(NearestWord, IsTheNearestAndThenTheFirst) {
  constexpr std::array<std::string_view, 3> kSeveral = {"rank", "ranks", "bank"};
  EXPECT_EQ(DidYouMean("ranks", kSeveral), "; did you mean 'ranks'?");
  EXPECT_EQ(DidYouMean("tank", kSeveral), "; did you mean 'rank'?");
}

TEST(NearestWord, SharesSomethingWithWhatWasWritten) {
  EXPECT_EQ(DidYouMean("no", kKnown), "");
  EXPECT_EQ(DidYouMean("", kKnown), "");
  EXPECT_EQ(DidYouMean("lfu", kKnown), "; did you mean 'lru'?");
  EXPECT_EQ(DidYouMean("lru", {}), "");
}

}  // namespace nearest_word_test
}  // namespace plelab
