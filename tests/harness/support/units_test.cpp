#include "harness/support/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/byte_size.h"
#include "model/base/error.h"

namespace plelab {
namespace units_test {

using ::testing::HasSubstr;

template <class F>
std::string ErrorOf(F f) {
  try {
    f();
  } catch (const UserError& error) {
    return error.what();
  }
  return "no error";
}

TEST(Units, BytesKnowPowersOf1024And1000) {
  EXPECT_EQ(ParseBytes("64MiB"), 64 * 1024 * 1024);
  EXPECT_EQ(ParseBytes("1.5GiB"), 1610612736);
  EXPECT_EQ(ParseBytes("64MB"), 64'000'000);
  EXPECT_EQ(ParseBytes("2GB"), 2'000'000'000);
  EXPECT_EQ(ParseBytes("15 KiB"), 15 * 1024);
  EXPECT_EQ(ParseBytes("3kB"), 3000);
  EXPECT_EQ(ParseBytes("3KB"), 3000);
  EXPECT_EQ(ParseBytes("512B"), 512);
  EXPECT_EQ(ParseBytes("0"), 0);
}

TEST(Units, DurationsAreNanoseconds) {
  EXPECT_EQ(ParseDurationNs("20us"), 20'000);
  EXPECT_EQ(ParseDurationNs("1.5ms"), 1'500'000);
  EXPECT_EQ(ParseDurationNs("2s"), 2'000'000'000);
  EXPECT_EQ(ParseDurationNs("7ns"), 7);
  EXPECT_EQ(ParseDurationNs("1min"), 60'000'000'000);
}

TEST(Units, SharesArePercentagesOrPlainNumbers) {
  EXPECT_DOUBLE_EQ(ParseShare("5%"), 0.05);
  EXPECT_DOUBLE_EQ(ParseShare("0.005"), 0.005);
  EXPECT_DOUBLE_EQ(ParseShare("100%"), 1.0);
  EXPECT_EQ(ErrorOf([] { ParseShare("5 per cent"); }),
            "expected a share such as 5% or 0.05, found '5 per cent'");
  EXPECT_THAT(ErrorOf([] { ParseShare("nan"); }), HasSubstr("found 'nan'"));
}

TEST(Units, AMissingUnitIsAnErrorThatNamesTheUnits) {
  EXPECT_EQ(ErrorOf([] { ParseBytes("64"); }),
            "an amount of memory '64' needs a unit, such as 64MiB; units: B, KiB, MiB, GiB, TiB, kB, KB, MB, "
            "GB, TB");
  EXPECT_EQ(ErrorOf([] { ParseDurationNs("20"); }),
            "a duration '20' needs a unit, such as 20us; units: ns, us, ms, s, min");
}

TEST(Units, WrongUnitsAndNumbersAreErrors) {
  EXPECT_THAT(ErrorOf([] { ParseBytes("64mib"); }),
              HasSubstr("unknown unit 'mib' in an amount of memory '64mib'"));
  EXPECT_THAT(ErrorOf([] { ParseBytes("64us"); }), HasSubstr("unknown unit 'us'"));
  EXPECT_THAT(ErrorOf([] { ParseDurationNs("5MiB"); }), HasSubstr("unknown unit 'MiB'"));
  EXPECT_THAT(ErrorOf([] { ParseBytes("-1MiB"); }), HasSubstr("found '-1MiB'"));
  EXPECT_THAT(ErrorOf([] { ParseBytes(""); }), HasSubstr("found ''"));
  EXPECT_THAT(ErrorOf([] { ParseBytes("infGiB"); }), HasSubstr("found 'infGiB'"));
  EXPECT_THAT(ErrorOf([] { ParseBytes("9999999999TiB"); }), HasSubstr("more than 64 bits hold"));
}

TEST(Units, ReadableBytesKeepThreeDigits) {
  EXPECT_EQ(ReadableBytes(0), "0 B");
  EXPECT_EQ(ReadableBytes(1023), "1023 B");
  EXPECT_EQ(ReadableBytes(15360), "15.0 KiB");
  EXPECT_EQ(ReadableBytes(4026531840), "3.8 GiB");
  EXPECT_EQ(ReadableBytes(256LL << 20), "256 MiB");
}

TEST(Units, ReadableSecondsGrowFromNanosecondsToHours) {
  EXPECT_EQ(ReadableSeconds(12e-9), "12 ns");
  EXPECT_EQ(ReadableSeconds(238e-6), "238 us");
  EXPECT_EQ(ReadableSeconds(0.44), "440 ms");
  EXPECT_EQ(ReadableSeconds(7.2), "7.2 s");
  EXPECT_EQ(ReadableSeconds(12.2), "12 s");
  EXPECT_EQ(ReadableSeconds(59.7), "1 min 00 s");
  EXPECT_EQ(ReadableSeconds(185), "3 min 05 s");
  EXPECT_EQ(ReadableSeconds(7800), "2 h 10 min");
}

TEST(Units, LargeNumbersHaveACommaBeforeEveryThreeDigits) {
  EXPECT_EQ(WithCommas(0), "0");
  EXPECT_EQ(WithCommas(999), "999");
  EXPECT_EQ(WithCommas(1'000), "1,000");
  EXPECT_EQ(WithCommas(5'439'438'272), "5,439,438,272");
  EXPECT_EQ(WithCommas(-100), "-100");
  EXPECT_EQ(WithCommas(-123'456), "-123,456");
}

TEST(Units, SizesForPeopleArePowersOf1000Or1024) {
  EXPECT_EQ(DecimalBytes(0), "0 B");
  EXPECT_EQ(DecimalBytes(999), "999 B");
  EXPECT_EQ(DecimalBytes(8'192), "8.2 kB");
  EXPECT_EQ(DecimalBytes(5'242'880), "5.2 MB");
  EXPECT_EQ(DecimalBytes(410'000'000), "410 MB");
  EXPECT_EQ(DecimalBytes(12'345'000'000), "12.3 GB");
  EXPECT_EQ(ReadableBytes(5'242'880), "5.0 MiB");
}

}  // namespace units_test
}  // namespace plelab
