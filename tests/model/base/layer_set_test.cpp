#include "model/base/layer_set.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "model/base/error.h"

namespace plelab {
namespace layer_set_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string ErrorOf(const std::string& text) {
  try {
    ParseLayers("layers", text);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(LayerSet, NumbersAndRangesInTheirOrder) {
  EXPECT_THAT(ParseLayerOrder("k", "5"), ElementsAre(5));
  EXPECT_THAT(ParseLayerOrder("k", "0-3+7"), ElementsAre(0, 1, 2, 3, 7));
  EXPECT_THAT(ParseLayerOrder("k", "3+1-2+3"), ElementsAre(3, 1, 2, 3));
  EXPECT_THAT(ParseLayerOrder("k", "2-2"), ElementsAre(2));
  EXPECT_THAT(ParseLayerOrder("k", "4095"), ElementsAre(4095));
  EXPECT_THAT(ParseLayers("k", "7+3+0-1"), ElementsAre(0, 1, 3, 7));
}

TEST(LayerSet, SaysWhatIsWrongWithAList) {
  EXPECT_EQ(
      ErrorOf("3-1"),
      "'3-1' for 'layers': a range that ends before it begins; write layers as 5, 0-3 or 0-3+7, counted "
      "from 0");
  for (const char* text : {"", "-1", "x", "1+", "1-", "1--2", "+1"}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("for 'layers': expected a layer;")) << text;
  }
  EXPECT_THAT(ErrorOf("4096"), HasSubstr("no model has that many layers"));
  EXPECT_THAT(ErrorOf("0-4096"), HasSubstr("no model has that many layers"));
  for (const char* text : {"1,2", "1 ", "1-2-3"}) {
    EXPECT_THAT(ErrorOf(text), HasSubstr("expected '-' or '+' between layers")) << text;
  }
  EXPECT_THAT(ErrorOf("1-3+2"), HasSubstr("a layer is there twice"));
}

TEST(LayerSet, NeighboursAreWrittenAsRanges) {
  const std::pair<std::vector<int64_t>, const char*> cases[] = {{{}, ""},
                                                                {{5}, "5"},
                                                                {{0, 1, 2, 3, 7}, "0-3+7"},
                                                                {{1, 3}, "1+3"},
                                                                {{2, 3}, "2-3"},
                                                                {{3, 2}, "3+2"},
                                                                {{1, 2, 4, 5}, "1-2+4-5"},
                                                                {{4, 4}, "4+4"},
                                                                {{9, 1, 2}, "9+1-2"}};
  for (const auto& [layers, text] : cases) EXPECT_EQ(FormatLayers(layers), text);
}

}  // namespace layer_set_test
}  // namespace plelab
