#include "harness/support/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <string>

namespace plelab {
namespace progress_test {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;

// A clock that the test advances and a stream that it reads.
class ProgressTest : public ::testing::Test {
 protected:
  ProgressTest() : stream_(open_memstream(&buffer_, &size_)) {}
  ~ProgressTest() override {
    std::fclose(stream_);
    std::free(buffer_);
  }
  ProgressOutput Output(bool terminal) {
    return {.stream = stream_, .terminal = terminal, .now = [this] { return now_; }};
  }
  std::string Written() {
    std::fflush(stream_);
    return std::string(buffer_, size_);
  }
  int64_t Count(char c) {
    const std::string text = Written();
    return std::count(text.begin(), text.end(), c);
  }
  std::chrono::steady_clock::time_point now_{seconds(1000)};

 private:
  char* buffer_ = nullptr;
  size_t size_ = 0;
  std::FILE* stream_;
};

TEST_F(ProgressTest, WorkUnderASecondPrintsNothing) {
  for (const bool terminal : {false, true}) {
    Progress progress("loading", 10, Output(terminal));
    progress.Update(5);
    now_ += milliseconds(999);
    progress.Update(10);
    progress.Finish();
  }
  EXPECT_EQ(Written(), "");
}

TEST_F(ProgressTest, PlainLinesComeAtTheStartEveryTenSecondsAndAtTheEnd) {
  Progress progress("decode", 100, Output(false));
  for (int i = 1; i <= 25; ++i) {
    now_ += seconds(1);
    progress.Update(4 * i);
  }
  progress.Finish("25 steps");
  EXPECT_EQ(Written(),
            "decode: 4 %, elapsed 1.0 s, 24 s left\n"
            "decode: 44 %, elapsed 11 s, 14 s left\n"
            "decode: 84 %, elapsed 21 s, 4.0 s left\n"
            "decode: done in 25 s, 25 steps\n");
}

TEST_F(ProgressTest, BelowTwoPercentNobodyKnowsTheRest) {
  Progress progress("decode", 100, Output(false));
  now_ += seconds(9);  // loading
  progress.Update(1);
  now_ += seconds(10);
  progress.Update(2);
  progress.Finish();
  EXPECT_EQ(Written(),
            "decode: 1 %, elapsed 9.0 s\n"
            "decode: 2 %, elapsed 19 s, 15 min 31 s left\n"
            "decode: done in 19 s\n");
}

TEST_F(ProgressTest, TerminalBarRedrawsInPlaceTenTimesASecond) {
  Progress progress("decode", 1000, Output(true));
  now_ += seconds(1);
  for (int i = 0; i < 1000; ++i) {  // one second of updates, one per millisecond
    progress.Update(i, "cached");
    now_ += milliseconds(1);
  }
  EXPECT_EQ(Count('\r'), 10);
  EXPECT_EQ(Count('\n'), 0);
  EXPECT_THAT(Written(),
              HasSubstr("\rdecode  [██████████··············]  40 %, elapsed 1.4 s, 2.1 s left, cached"));
  progress.Finish();
  EXPECT_EQ(Count('\n'), 1);
  EXPECT_THAT(Written(), HasSubstr("\rdecode: done in 2.0 s\x1b[K\n"));
}

TEST_F(ProgressTest, UnknownTotalShowsNoPercentage) {
  Progress progress("reading", 0, Output(false));
  now_ += seconds(2);
  progress.Update(17, "17 files");
  EXPECT_EQ(Written(), "reading: elapsed 2.0 s, 17 files\n");
  progress.Finish();
}

TEST_F(ProgressTest, AnErrorOnTheWayLeavesALineThatSaysSo) {
  {
    Progress progress("decode", 10, Output(true));
    now_ += seconds(2);
    progress.Update(5);
  }
  EXPECT_THAT(Written(), HasSubstr("\rdecode: stopped after 50 %, elapsed 2.0 s"));
  EXPECT_EQ(Written().back(), '\n');
}

TEST_F(ProgressTest, FinishingTwiceSaysItOnce) {
  Progress progress("decode", 10, Output(false));
  now_ += seconds(2);
  progress.Finish();
  progress.Finish();
  EXPECT_EQ(Written(), "decode: done in 2.0 s\n");
}

}  // namespace progress_test
}  // namespace plelab
