// `plelab layer-errors` on the shipped model and what `plelab pack` makes of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "harness/record/hdf5_file.h"
#include "harness/support/process.h"
#include "tests/support/plelab.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace layer_errors_command_test {

using ::testing::Each;
using testing::ExpectRefused;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::Lt;
using testing::RunPlelab;
using testing::TemporaryFolder;

constexpr char kSmall[] = "configs/models/small";

class LayerErrorsCommand : public ::testing::Test {
 protected:
  LayerErrorsCommand() { std::ofstream(Path("ids.json")) << "[2, 17, 300, 4000, 52, 9, 81, 7, 640, 33]"; }
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  void Pack(const std::string& dtype) const {
    ASSERT_EQ(RunPlelab({"pack", kSmall, "--out", Path(dtype), "--weights-dtype", dtype}).exit_code, 0);
  }
  ProcessResult Run(const std::string& other, const std::string& out) const {
    return RunPlelab({"layer-errors", kSmall, other, "--tokens", Path("ids.json"), "--out", Path(out)});
  }
  std::vector<double> Own(const std::string& out) const {
    return std::get<std::vector<double>>(Hdf5Reader(Path(out)).ReadTable("/layers").Find("own")->values);
  }
  const TemporaryFolder folder_;
};

TEST_F(LayerErrorsCommand, FewerBitsErrMoreInEachLayer) {
  Pack("int8");
  Pack("int4");
  const ProcessResult eight = Run(Path("int8"), "8.h5"), four = Run(Path("int4"), "4.h5");
  ASSERT_EQ(eight.exit_code, 0) << eight.output;
  ASSERT_EQ(four.exit_code, 0) << four.output;
  EXPECT_THAT(four.output, HasSubstr("weights: trained; 10 tokens, computed in bfloat16"));
  EXPECT_THAT(four.output, HasSubstr("\nlogits "));
  const std::vector<double> of_eight = Own("8.h5"), of_four = Own("4.h5");
  ASSERT_EQ(of_eight.size(), of_four.size());
  EXPECT_THAT(of_eight, Each(Gt(0)));
  for (size_t i = 0; i < of_four.size(); ++i) EXPECT_THAT(of_eight[i], Lt(of_four[i] / 4)) << i;
}

TEST_F(LayerErrorsCommand, SaysWhatToDoAboutMistakes) {
  ExpectRefused(Run("tests/data/text/odd", "x.h5"), "expected a folder that `plelab pack` made of it");
  std::ofstream(Path("there.h5")) << "x";
  ExpectRefused(Run(kSmall, "there.h5"), "replace it with --force");
}

}  // namespace layer_errors_command_test
}  // namespace plelab
