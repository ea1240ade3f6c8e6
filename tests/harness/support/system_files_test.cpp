#include "harness/support/system_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/temporary_folder.h"

namespace plelab {
namespace system_files_test {

using ::testing::ElementsAre;

TEST(SystemFiles, WhatIsNotThereIsEmpty) {
  EXPECT_EQ(ReadSystemFile("/proc/no/such/file"), "");
  EXPECT_EQ(ReadSystemFile("/proc"), "");
  EXPECT_EQ(ReadSystemNumber("/proc/no/such/file"), std::nullopt);
}

TEST(SystemFiles, ANumberIsTheWholeFile) {
  const testing::TemporaryFolder folder;
  const auto number_in = [&](const std::string& text) {
    testing::WriteText(folder / "f", text);
    return ReadSystemNumber(folder / "f");
  };
  EXPECT_EQ(number_in("9223372036854771712\n"), 9223372036854771712);
  EXPECT_EQ(number_in("-1"), -1);
  EXPECT_EQ(number_in("max\n"), std::nullopt);
  EXPECT_EQ(number_in("12 kB"), std::nullopt);
  EXPECT_EQ(number_in(""), std::nullopt);
}

TEST(SystemFiles, AFieldIsFoundByItsWholeKey) {
  const std::string rollup = "Rss:                 12 kB\nPss_Anon:      3 kB\nPss:   4 kB\n";
  EXPECT_EQ(FieldOf(rollup, "Pss"), "4 kB");
  EXPECT_EQ(FieldOf(rollup, "Rss"), "12 kB");
  EXPECT_EQ(FieldOf(rollup, "Swap"), "");
  EXPECT_EQ(FieldOf("model\t\t: 1\nmodel name\t: AMD EPYC", "model name"), "AMD EPYC");
}

TEST(SystemFiles, NumbersWordsAndChoicesAreCutOut) {
  EXPECT_EQ(LeadingNumber("  2445.410 MHz"), 2445.41);
  EXPECT_EQ(LeadingNumber("max 100000"), std::nullopt);
  EXPECT_THAT(Words(" a\tb  c\n"), ElementsAre("a", "b", "c"));
  EXPECT_EQ(ChosenOf("always [madvise] never"), "madvise");
  EXPECT_EQ(ChosenOf("none"), "none");
}

}  // namespace system_files_test
}  // namespace plelab
