// Slips that leave every answer but one as it was.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <string_view>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/nearest_word.h"

namespace plelab {
namespace small_slips_test {

TEST(SmallSlips, EachLetterInFrontOrBehindIsAnEdit) {
  constexpr std::array<std::string_view, 2> kKnown = {"capacity", "policy"};
  for (const char* two : {"xxcapacity", "capacityxx", "xcapacityx", "pacity", "capaci"}) {
    EXPECT_EQ(DidYouMean(two, kKnown), "; did you mean 'capacity'?") << two;
  }
  for (const char* three : {"xxxcapacity", "capacityxxx", "xxcapacityx", "acity", "capac"}) {
    EXPECT_EQ(DidYouMean(three, kKnown), "") << three;
  }
}

int64_t OpenFiles() {
  const std::filesystem::directory_iterator files("/proc/self/fd");
  return std::distance(begin(files), end(files));
}

TEST(SmallSlips, WhatIsRefusedStaysNotOpen) {
  if (!std::filesystem::exists("/proc/self/fd")) GTEST_SKIP() << "no /proc here";
  const int64_t before = OpenFiles();
  for (int i = 0; i < 5; ++i) {
    EXPECT_THROW(FileDescriptor("/proc/self", ReadAhead::kOn), UserError) << "a folder";
  }
  { const FileDescriptor file("/proc/self/exe", ReadAhead::kOn); }
  EXPECT_EQ(OpenFiles(), before);
}

}  // namespace small_slips_test
}  // namespace plelab
