#include "model/base/byte_size.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "model/base/error.h"

namespace plelab {
namespace byte_size_test {

using ::testing::StartsWith;

std::string ErrorOf(const std::string& text) {
  try {
    ParseBytes(text);
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ByteSize, EachUnitHasItsFactor) {
  const std::pair<const char*, int64_t> cases[] = {{"0", 0},
                                                   {"0MiB", 0},
                                                   {"7B", 7},
                                                   {"3KiB", 3072},
                                                   {"64MiB", 67'108'864},
                                                   {"2GiB", 2'147'483'648},
                                                   {"1TiB", 1'099'511'627'776},
                                                   {"3kB", 3'000},
                                                   {"3KB", 3'000},
                                                   {"5MB", 5'000'000},
                                                   {"2GB", 2'000'000'000},
                                                   {"4TB", 4'000'000'000'000},
                                                   {"1.5KiB", 1536},
                                                   {"512  B", 512},
                                                   {"1e3B", 1000},
                                                   {"0.4B", 0},
                                                   {"2.5B", 3},
                                                   {"9000000TB", 9'000'000'000'000'000'000}};
  for (const auto& [text, bytes] : cases) EXPECT_EQ(ParseBytes(text), bytes) << text;
}

TEST(ByteSize, SaysWhatIsWrongWithAnAmount) {
  const std::string units = "units: B, KiB, MiB, GiB, TiB, kB, KB, MB, GB, TB";
  EXPECT_EQ(ErrorOf(""), "expected an amount of memory such as 64MiB, found ''; " + units);
  EXPECT_THAT(ErrorOf("-1B"), StartsWith("expected an amount of memory such as 64MiB, found '-1B'"));
  EXPECT_THAT(ErrorOf("infB"), StartsWith("expected an amount of memory"));
  EXPECT_EQ(ErrorOf("5"), "an amount of memory '5' needs a unit, such as 64MiB; " + units);
  EXPECT_EQ(ErrorOf("5Mb"), "unknown unit 'Mb' in an amount of memory '5Mb'; " + units);
  EXPECT_EQ(ErrorOf("9200000TB"), "an amount of memory '9200000TB' is more than 64 bits hold");
}

TEST(ByteSize, IsWrittenAsTheSmallestWholeNumber) {
  const std::pair<int64_t, const char*> cases[] = {{0, "0"},
                                                   {1, "1B"},
                                                   {1000, "1kB"},
                                                   {1024, "1KiB"},
                                                   {1025, "1025B"},
                                                   {1536, "1536B"},
                                                   {125'000, "125kB"},
                                                   {512'000, "500KiB"},
                                                   {3'000'000, "3MB"},
                                                   {int64_t{64} << 20, "64MiB"},
                                                   {int64_t{3} << 30, "3GiB"},
                                                   {int64_t{1} << 50, "1024TiB"},
                                                   {1'000'000'000'000'000, "1000TB"}};
  for (const auto& [bytes, text] : cases) {
    EXPECT_EQ(FormatBytes(bytes), text);
    EXPECT_EQ(ParseBytes(FormatBytes(bytes)), bytes);
  }
}

}  // namespace byte_size_test
}  // namespace plelab
