#include "experiments/replay/replay_table.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "model/base/error.h"
#include "model/checkpoint/safetensors.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace {

using testing::TemporaryFolder;
using testing::WriteText;

std::string SafetensorsWith(const std::string& name, std::vector<int64_t> shape) {
  std::vector<TensorInfo> tensors = {
      {.name = "norm.weight", .dtype = DType::kFloat32, .shape = {4}, .file = {}},
      {.name = name, .dtype = DType::kBFloat16, .shape = shape, .file = {}}};
  std::string text = MakeSafetensorsHeader(tensors, {});
  for (const TensorInfo& tensor : tensors) text.append(tensor.size_bytes, 'x');
  return text;
}

TEST(ReplayTableOfAFile, FindsTheTensorOfASafetensorsFile) {
  const TemporaryFolder folder;
  const std::string path = folder / "a.safetensors";
  WriteText(path, SafetensorsWith("model.language_model.embed_tokens_per_layer.weight", {10, 3 * 256}));
  const ReplayTable found = TableOfFile({.table = path});
  EXPECT_EQ(found.table.geometry.vocab, 10);
  EXPECT_EQ(found.table.geometry.layers, 3);
  EXPECT_EQ(found.table.geometry.dim, 256);
  EXPECT_EQ(found.table.offset_bytes + found.table.stored_bytes(),
            static_cast<int64_t>(std::filesystem::file_size(path)));
  EXPECT_EQ(found.geometry.model_layers, 3);
  EXPECT_EQ(TableOfFile({.table = path, .layers = 6}).table.geometry.dim, 128);
  EXPECT_THROW(TableOfFile({.table = path, .layers = 5}), UserError);
}

TEST(ReplayTableOfAFile, RefusesAFileWithoutTheTensor) {
  const TemporaryFolder folder;
  WriteText(folder / "a.safetensors", SafetensorsWith("other.weight", {10, 768}));
  EXPECT_THROW(TableOfFile({.table = folder / "a.safetensors"}), UserError);
  WriteText(folder / "b.bin", "x");
  EXPECT_THROW(TableOfFile({.table = folder / "b.bin"}), UserError);  // no geometry
  EXPECT_THROW(TableOfFile({.table = folder / "missing.safetensors"}), UserError);
}

TEST(ReplayTableOfAFile, ReadsAnyFileAsRowsOfAGeometry) {
  const TemporaryFolder folder;
  WriteText(folder / "a.bin", std::string(5 * 15'360 + 100, 'x'));
  ReplayOptions options{.table = folder / "a.bin", .geometry = "gemma3n_e2b"};
  EXPECT_EQ(TableOfFile(options).table.geometry.vocab, 5);
  EXPECT_EQ(TableOfFile(options).published_rows, 262'144);
  options.table_offset = 101;
  EXPECT_EQ(TableOfFile(options).table.geometry.vocab, 4);
  EXPECT_EQ(TableOfFile(options).table.offset_bytes, 101);
  options.table_offset = 1'000'000;
  EXPECT_THROW(TableOfFile(options), UserError);
}

TEST(ReplayTableOfAFile, RefusesHoles) {
  const TemporaryFolder folder;
  WriteText(folder / "a.bin", std::string(8192, 'x'));
  std::filesystem::resize_file(folder / "a.bin", 10 << 20);
  EXPECT_THROW(TableOfFile({.table = folder / "a.bin", .geometry = "gemma3n_e2b"}), UserError);
}

TEST(ReplayTableOfAGeometry, IsCutToTheSizeThatWasAskedForAndSaysSo) {
  const TemporaryFolder folder;
  ReplayOptions options{.work = folder.path(), .size = "1MiB", .seed = 3};
  const ReplayTable made =
      TableOfGeometry(options, GeometryNamed("qwen3_8_flash_next"), 0, [](int64_t, int64_t) {});
  EXPECT_EQ(made.table.geometry.vocab, (1 << 20) / 160);
  EXPECT_EQ(made.published_rows, 320'001'536);
  EXPECT_NE(made.Describe().find("cut (of 51.2 GB, as --size says)"), std::string::npos) << made.Describe();
  EXPECT_NE(made.Describe().find("random bytes"), std::string::npos);
}

TEST(ReplayBaselineChoice, IsResidentWhereTheTableFitsWell) {
  EXPECT_TRUE(BaselineIsResident({.baseline = "auto"}, 400, 1000));
  EXPECT_FALSE(BaselineIsResident({.baseline = "auto"}, 401, 1000));
  EXPECT_TRUE(BaselineIsResident({.baseline = "resident"}, 900, 1000));
  EXPECT_THROW(BaselineIsResident({.baseline = "resident"}, 901, 1000), UserError);
  EXPECT_FALSE(BaselineIsResident({.baseline = "none"}, 1, 1000));
}

}  // namespace
}  // namespace plelab
