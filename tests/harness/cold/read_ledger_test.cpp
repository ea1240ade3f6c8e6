#include "harness/cold/read_ledger.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/error.h"

namespace plelab {
namespace read_ledger_test {

using ::testing::HasSubstr;

const std::string kHead = "plelab unread 1\nbytes 655360\nchanged 12.000000034\nboot b\nplace 65536\n";

std::string ErrorOf(const std::string& text) {
  try {
    ParseReadLedger(text, "x.used");
  } catch (const UserError& error) {
    return error.what();
  }
  return "none";
}

std::vector<int64_t> UsedIn(const std::string& text) {
  const ReadLedger ledger = ParseReadLedger(text, "x.used");
  std::vector<int64_t> used;
  for (size_t i = 0; i < ledger.used.size(); ++i) {
    if (ledger.used[i]) used.push_back(static_cast<int64_t>(i));
  }
  return used;
}

TEST(ReadLedger, SaysWhichPlacesWereRead) {
  EXPECT_THAT(UsedIn(kHead), ::testing::IsEmpty());
  EXPECT_THAT(UsedIn(kHead + "used 2\nused 5-7\nused 9\n"), ::testing::ElementsAre(2, 5, 6, 7, 9));
  const ReadLedger ledger = ParseReadLedger(kHead, "x.used");
  EXPECT_EQ(ledger.file_bytes, 655360);
  EXPECT_EQ(ledger.changed, "12.000000034");
  EXPECT_EQ(ledger.boot, "b");
  EXPECT_EQ(ledger.used.size(), 10u);
}

TEST(ReadLedger, IsPrintedAsItIsRead) {
  for (const std::string used : {"", "used 0\n", "used 0-9\n", "used 2\nused 5-7\nused 9\n"}) {
    EXPECT_EQ(PrintReadLedger(ParseReadLedger(kHead + used, "x.used")), kHead + used);
  }
  EXPECT_EQ(PrintReadLedger(ParseReadLedger(kHead + "used 8\nused 6-7\nused 1\nused 7\n", "x.used")),
            kHead + "used 1\nused 6-8\n");
}

TEST(ReadLedger, WhatIsDamagedIsRefusedWithItsLine) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("x.used:0: expected a line break at its end"));
  EXPECT_THAT(
      ErrorOf("something else\n"),
      HasSubstr("x.used:1: expected 'plelab unread 1', found 'something else'; without it nobody knows"));
  EXPECT_THAT(ErrorOf("plelab unread 1\nbytes 655360\n"),
              HasSubstr("x.used:2: expected 'changed …', found 'nothing'"));
  EXPECT_THAT(ErrorOf("plelab unread 1\nbytes -4\n"),
              HasSubstr("x.used:2: expected a whole number, found '-4'"));
  EXPECT_THAT(ErrorOf("plelab unread 1\nbytes 9000000000000000000\n"), HasSubstr("expected bytes of a file"));
  EXPECT_THAT(ErrorOf(kHead + "used 3"), HasSubstr("expected a line break at its end")) << "it was cut off";
  for (const char* used : {"10", "3-10", "7-3", "x", "", "3-", "3-4-5", "-1"}) {
    EXPECT_THAT(
        ErrorOf(kHead + "used " + used + "\n"),
        HasSubstr(Format("x.used:6: expected a place or places FIRST-LAST below 10, found '{}'", used)));
  }
  EXPECT_THAT(ErrorOf("plelab unread 1\nbytes 655360\nchanged 1\nboot b\nplace 4096\n"),
              HasSubstr("x.used:5: expected 65536, found '4096'"));
}

}  // namespace read_ledger_test
}  // namespace plelab
