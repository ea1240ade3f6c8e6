// Profiles: the ones that ship hold together, and a file that is none is refused at its place.
#include "model/devices/device_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "model/base/error.h"
#include "model/devices/flat_yaml.h"
#include "tests/support/temp_file.h"

namespace plelab {
namespace device_profile_test {

using ::testing::Contains;
using ::testing::HasSubstr;

std::string ErrorOf(const std::string& text) {
  try {
    ParseDeviceProfile(text, "x.yaml");
  } catch (const UserError& error) {
    return error.what();
  }
  return "accepted";
}

// `shipped` with the first `from` replaced.
std::string With(std::string text, const std::string& from, const std::string& to) {
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

std::string Nvme() { return DeviceProfileText(DeviceProfileNamed("nvme")); }

TEST(DeviceProfile, TheSixKindsOfDevicesShip) {
  for (const char* name : {"nvme", "ufs4", "ufs3", "emmc", "sd", "hdd"}) {
    EXPECT_THAT(DeviceProfileNames(), Contains(name));
  }
}

TEST(DeviceProfile, EachOneIsNamedAsItsFileAndSaysWhereItsFiguresComeFrom) {
  for (const std::string& name : DeviceProfileNames()) {
    const DeviceProfile profile = DeviceProfileNamed(name);
    EXPECT_EQ(profile.name, name);
    EXPECT_THAT(profile.stated, ::testing::AnyOf(HasSubstr("https://"), HasSubstr("arXiv:"))) << name;
    EXPECT_GT(profile.assumed.size(), 20u) << name;
  }
}

TEST(DeviceProfile, ReadsItsOwnTextBack) {
  for (const std::string& name : DeviceProfileNames()) {
    const std::string text = DeviceProfileText(DeviceProfileNamed(name));
    EXPECT_EQ(DeviceProfileText(ParseDeviceProfile(text, name)), text);
  }
  DeviceProfile limited = DeviceProfileNamed("sd");
  limited.limit_iops = 1000;
  limited.limit_slice_ms = 100;
  const DeviceProfile again = ParseDeviceProfile(DeviceProfileText(limited), "limited");
  EXPECT_EQ(again.limit_iops, 1000);
  EXPECT_EQ(again.limit_slice_ms, 100);
}

TEST(DeviceProfile, IsReadFromAFile) {
  const std::string text = Nvme();
  const TempFile file(std::as_bytes(std::span(text)));
  EXPECT_EQ(DeviceProfileNamed(file.path()).iops, DeviceProfileNamed("nvme").iops);
}

TEST(DeviceProfile, AnUnknownNameGetsTheKnownOnes) {
  try {
    DeviceProfileNamed("ufs5");
    FAIL() << "accepted";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean"));
    EXPECT_THAT(error.what(), HasSubstr("emmc"));
  }
}

TEST(DeviceProfile, RefusesMistakesAtTheirPlace) {
  EXPECT_THAT(ErrorOf(With(Nvme(), "iops:", "iopss:")),
              HasSubstr("x.yaml:12:1: unknown key 'iopss'; did you mean 'iops'"));
  EXPECT_THAT(ErrorOf(Nvme() + "iops: 5\n"), HasSubstr("repeated key 'iops', first in line 12"));
  EXPECT_THAT(ErrorOf(With(Nvme(), "iops: 380000\n", "")), HasSubstr("the key 'iops' is missing"));
  EXPECT_THAT(ErrorOf(With(Nvme(), "iops: 380000", "iops: 38e")),
              HasSubstr("x.yaml:12:7: 'iops: 38e': expected a number"));
  EXPECT_THAT(ErrorOf(With(Nvme(), "iops: 380000", "iops: -1")), HasSubstr("above 0"));
  EXPECT_THAT(ErrorOf(With(Nvme(), "parallel_units: 24", "parallel_units: 2.5")), HasSubstr("whole number"));
}

TEST(DeviceProfile, RefusesFiguresThatCannotBeTrueTogether) {
  EXPECT_THAT(ErrorOf(With(Nvme(), "parallel_units: 24", "parallel_units: 60")),
              HasSubstr("iops x mean latency"));
  EXPECT_THAT(ErrorOf(With(Nvme(), "iops: 380000", "iops: 900000")), HasSubstr("bandwidth can move"));
  EXPECT_THAT(ErrorOf(With(Nvme(), "read_latency_p90_us: 78", "read_latency_p90_us: 5")),
              HasSubstr("quantile before"));
  EXPECT_THAT(ErrorOf(With(Nvme(), "read_latency_min_us: 52", "read_latency_min_us: 1")),
              HasSubstr("transfer alone"));
  EXPECT_THAT(ErrorOf(Nvme() + "limit_iops: 100\n"), HasSubstr("'limit_slice_ms' is missing"));
  EXPECT_THAT(ErrorOf(Nvme() + "limit_iops: 5\nlimit_slice_ms: 100\n"), HasSubstr("less than one read"));
}

constexpr std::string_view kKnown[] = {"a", "b"};

std::string YamlErrorOf(std::string_view text) {
  try {
    const FlatYaml yaml(text, "f", kKnown);
  } catch (const UserError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(FlatYaml, AcceptsWhatAnyYamlReaderReadsTheSame) {
  const FlatYaml yaml("# first\n\na:   1.5   # behind\r\nb: \"x: # y\"  # end\n", "f", kKnown);
  EXPECT_EQ(yaml.Positive("a"), 1.5);
  EXPECT_EQ(yaml.Text("b"), "x: # y");
}

TEST(FlatYaml, RefusesEverythingElse) {
  for (const char* text :
       {" a: 1", "- a", "a", "a:1", "a:", "a: # c", "a: [1]", "a: {b: 1}", "a: |", "a: \"x", "a: 'x'",
        "a: \"x\\n\"", "a: \"x\" y", "a: b: c", "a: &x 1", "A: 1", "---", "\ta: 1"}) {
    EXPECT_THAT(YamlErrorOf(text), HasSubstr("f:1:")) << text;
  }
}

}  // namespace device_profile_test
}  // namespace plelab
