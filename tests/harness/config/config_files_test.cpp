// Each file that a config names is looked for before a run, and named with its place where it is missing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/harness/config/config_test_support.h"
#include "tests/support/media.h"

namespace plelab {
namespace config_files_test {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(FilesOfAConfig, AreNamedWithTheirSectionAndKey) {
  const testing::TemporaryFolder folder;
  const std::string there = folder / "a.txt", missing = folder / "none";
  testing::WriteText(there, "text");
  const auto error = [&](const std::vector<std::string>& more) {
    std::vector<std::string> overrides = {"model.checkpoint=" + folder.path(), "workload.text_file=" + there,
                                          "accuracy.text_file=" + there};
    overrides.insert(overrides.end(), more.begin(), more.end());
    const ExperimentConfig config = Parse(kHead, overrides);
    return testing::ErrorOf([&] { CheckFilesExist(config); });
  };
  EXPECT_EQ(error({}), "no error");
  EXPECT_EQ(error({"workload.images=[" + there + "]", "accuracy.tasks=[" + there + "]"}), "no error");
  const auto expect = [&](const std::string& section, const std::string& key, const std::string& value) {
    const std::string set = section + "." + key + "=" + value;
    EXPECT_THAT(error({set}), StartsWith("--set " + set + ": '" + key + "' in '" + section +
                                         "': there is no file '" + missing));
  };
  expect("workload", "images", "[" + there + ", " + missing + "]");
  expect("workload", "audio", "[" + missing + "]");
  expect("accuracy", "text_file", missing);
  expect("accuracy", "tasks", "[" + there + ", " + missing + "]");
  EXPECT_THAT(error({"variants[0].workload.text_file=''", "variants[0].workload.trace=" + missing}),
              HasSubstr("'trace' in 'variants[resident].workload': there is no file '" + missing));
  EXPECT_THAT(error({"accuracy.encoding=utf-9"}), StartsWith("--set accuracy.encoding=utf-9: 'encoding' in"));
  EXPECT_THAT(error({"variants[0].workload.encoding=utf-9"}),
              HasSubstr("'encoding' in 'variants[resident].workload': 'utf-9' is none"));
  ExperimentConfig nowhere = Parse(kHead, {"model.checkpoint=" + missing});
  nowhere.places.clear();
  EXPECT_THAT(testing::ErrorOf([&] { CheckFilesExist(nowhere); }),
              StartsWith("x: 'checkpoint' in 'model': there is no folder"));
  nowhere.model.checkpoint.clear();
  nowhere.workload.text_file = missing;
  EXPECT_THAT(testing::ErrorOf([&] { CheckFilesExist(nowhere); }),
              StartsWith("x: 'text_file' in 'workload': "));
}

}  // namespace config_files_test
}  // namespace plelab
