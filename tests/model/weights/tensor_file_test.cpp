#include "model/weights/tensor_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace tensor_file_test {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

TEST(TensorFile, ComesBackAsItWasWritten) {
  const testing::TemporaryFolder folder;
  const auto strided = torch::randn({4, 6}).t();
  WriteTensorFile(folder / "x.safetensors",
                  {{"a", strided},
                   {"b", torch::tensor({1, -2}, torch::kInt64)},
                   {"c", torch::randn({3}).to(torch::kBFloat16)},
                   {"empty", torch::empty({0, 2})}},
                  {{"step", "7"}});
  const TensorFile file = ReadTensorFile(folder / "x.safetensors");
  EXPECT_TRUE(file.Get("a", strided).equal(strided));
  EXPECT_EQ(file.tensors.at("b")[1].item<int64_t>(), -2);
  EXPECT_EQ(file.tensors.at("c").scalar_type(), torch::kBFloat16);
  EXPECT_EQ(file.tensors.at("empty").numel(), 0);
  EXPECT_EQ(file.Meta("step"), "7");
}

TEST(TensorFile, SaysWhatIsMissingOrDoesNotFit) {
  const testing::TemporaryFolder folder;
  WriteTensorFile(folder / "x.safetensors", {{"a", torch::zeros({2})}}, {});
  const TensorFile file = ReadTensorFile(folder / "x.safetensors");
  EXPECT_THAT([&] { file.Get("b", torch::zeros({2})); },
              ThrowsMessage<UserError>(HasSubstr("'b' is missing")));
  EXPECT_THAT([&] { file.Get("a", torch::zeros({3})); },
              ThrowsMessage<UserError>(HasSubstr("expected CPUFloatType [3], found CPUFloatType [2]")));
  EXPECT_THAT([&] { file.Meta("step"); }, ThrowsMessage<UserError>(HasSubstr("has no 'step'")));
}

TEST(TensorFile, AFolderThatIsNotThereIsNamed) {
  EXPECT_THAT([] { WriteTensorFile("/nowhere/x.safetensors", {}, {}); },
              ThrowsMessage<RunError>(HasSubstr("/nowhere/x.safetensors")));
}

TEST(TensorFile, DamageIsFoundByItsHash) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "x.safetensors";
  WriteTensorFile(path, {{"a", torch::tensor({1.0f, 2.0f})}}, {});
  std::string bytes = testing::ReadText(path);
  bytes.back() = static_cast<char>(bytes.back() ^ 1);
  testing::WriteText(path, bytes);
  EXPECT_THAT([&] { ReadTensorFile(path); }, ThrowsMessage<UserError>(HasSubstr("the file is damaged")));
  bytes.replace(bytes.find("sha256"), 6, "sha257");
  testing::WriteText(path, bytes);
  EXPECT_EQ(ReadTensorFile(path).tensors.at("a")[0].item<float>(), 1) << "others' files have no hash";
  const TensorFile file = ReadTensorFile(path);
  EXPECT_THAT([&] { file.Get("a", torch::zeros({2}, torch::kInt64)); },
              ThrowsMessage<UserError>(HasSubstr("expected CPULongType [2], found CPUFloatType [2]")));
}

}  // namespace tensor_file_test
}  // namespace plelab
