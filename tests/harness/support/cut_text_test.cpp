#include "harness/support/cut_text.h"

#include <gtest/gtest.h>

namespace plelab {
namespace cut_text_test {

TEST(CutText, KeepsBothEndsOfANameAndTheStartOfASentence) {
  EXPECT_EQ(CutInMiddle("disk@threads=1", 10), "disk@…ds=1");
  EXPECT_EQ(CutInMiddle("disk@threads=1", 9), "disk…ds=1");
  EXPECT_EQ(CutAtEnd("disk@threads=1", 10), "disk@thre…");
  EXPECT_EQ(CutInMiddle("disk", 1), "…");
  EXPECT_EQ(CutAtEnd("disk", 1), "…");
}

TEST(CutText, LeavesWhatFitsAsItIs) {
  for (const char* text : {"", "disk", "Δ ms"}) {
    EXPECT_EQ(CutInMiddle(text, 4), text);
    EXPECT_EQ(CutAtEnd(text, 4), text);
  }
}

TEST(CutText, CountsCharactersAndCutsBetweenThem) {
  EXPECT_EQ(CutInMiddle("ΔΔΔΔΔΔ", 4), "ΔΔ…Δ");
  EXPECT_EQ(CutAtEnd("ΔΔΔΔΔΔ", 4), "ΔΔΔ…");
}

}  // namespace cut_text_test
}  // namespace plelab
