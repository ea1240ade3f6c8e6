// The file of finished inputs, byte for byte: rows, then a SHA-256 of each MiB of them.
#include "model/text/folded/folded_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <fstream>

#include "model/base/error.h"
#include "model/base/sha256.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace folded_file_test {

constexpr int64_t kMiB = 1 << 20;

std::vector<std::byte> SomeBytes(int64_t count) {
  std::vector<std::byte> bytes(static_cast<size_t>(count));
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 1000);
  return bytes;
}

std::string HexOf(std::string_view bytes) {
  std::string hex;
  for (const char c : bytes) {
    constexpr char kDigits[] = "0123456789abcdef";
    hex += {kDigits[static_cast<uint8_t>(c) / 16], kDigits[static_cast<uint8_t>(c) % 16]};
  }
  return hex;
}

void Flip(const std::string& path, int64_t offset) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(offset);
  const char c = static_cast<char>(file.get() ^ 1);
  file.seekp(offset);
  file.put(c);
}

class FoldedFile : public ::testing::Test {
 protected:
  // `rows` rows of half a MiB.
  PleTable Table(int64_t rows) const {
    return {.path = folder_ / "t.safetensors", .geometry = {rows, 2, kMiB / 16, DType::kFloat32}};
  }
  bool Finds(PleTable table, TableCheck check = TableCheck::kSampled) const {
    return FindFolded(table, "some weights", check);
  }

  testing::TemporaryFolder folder_;
};

TEST_F(FoldedFile, HoldsRowsAndAHashOfEachMiB) {
  PleTable table = Table(5);
  const std::vector<std::byte> rows = SomeBytes(table.geometry.table_bytes());
  EXPECT_FALSE(Finds(table)) << "there is none";
  {
    FoldedWriter writer(table, "some weights", "random");
    const std::span<const std::byte> all(rows);
    writer.Append(all.first(700'000));
    writer.Append(all.subspan(700'000, 1'500'000));
    writer.Append(all.subspan(2'200'000));
    writer.Commit();
  }
  ASSERT_TRUE(FindFolded(table, "some weights", TableCheck::kFull));
  const std::string file = testing::ReadText(table.path);
  const size_t begin = static_cast<size_t>(table.offset_bytes);
  ASSERT_EQ(file.size(), begin + rows.size() + 3 * 32);
  EXPECT_EQ(std::memcmp(file.data() + begin, rows.data(), rows.size()), 0);
  std::string hashes;
  for (const int64_t from : {int64_t{0}, kMiB, 2 * kMiB}) {
    const auto size = static_cast<size_t>(std::min(kMiB, std::ssize(rows) - from));
    hashes += Sha256Hex(std::span<const std::byte>(rows).subspan(static_cast<size_t>(from), size));
  }
  EXPECT_EQ(HexOf(std::string_view(file).substr(begin + rows.size())), hashes);

  EXPECT_FALSE(FindFolded(table, "other weights", TableCheck::kSampled));
  EXPECT_FALSE(Finds(Table(4)));
  EXPECT_TRUE(IsFoldedFile(table.path));
  const auto end = static_cast<int64_t>(file.size());
  for (const int64_t damaged : {int64_t{0}, kMiB - 1, kMiB, 2 * kMiB, 5 * kMiB / 2 - 1}) {
    Flip(table.path, table.offset_bytes + damaged);
    EXPECT_FALSE(Finds(table)) << damaged;
    Flip(table.path, table.offset_bytes + damaged);
  }
  for (const int64_t from_end : {96, 65, 64, 33, 32, 1}) {
    Flip(table.path, end - from_end);
    EXPECT_FALSE(Finds(table)) << from_end;
    Flip(table.path, end - from_end);
  }
  EXPECT_TRUE(Finds(table));
  testing::WriteText(table.path, file.substr(0, file.size() - 1));
  EXPECT_FALSE(Finds(table));
  EXPECT_FALSE(IsFoldedFile(table.path));
}

TEST_F(FoldedFile, OfTooFewRowsIsNotKept) {
  FoldedWriter writer(Table(3), "some weights", "random");
  writer.Append(SomeBytes(10));
  try {
    writer.Commit();
    ADD_FAILURE() << "10 bytes were accepted";
  } catch (const RunError& error) {
    EXPECT_STREQ(error.what(), "a folded table of 1572864 bytes got 10");
  }
  EXPECT_FALSE(Finds(Table(3)));
  EXPECT_FALSE(IsFoldedFile(folder_ / "none"));
}

// Of 65 MiB the sample leaves out the last but one.
TEST_F(FoldedFile, IsCheckedInSampleOrWhole) {
  PleTable table = Table(130);
  {
    FoldedWriter writer(table, "some weights", "random");
    const std::vector<std::byte> rows = SomeBytes(table.geometry.table_bytes());
    writer.Append(rows);
    writer.Commit();
  }
  ASSERT_TRUE(FindFolded(table, "some weights", TableCheck::kFull));
  Flip(table.path, table.offset_bytes + 63 * kMiB);
  EXPECT_TRUE(Finds(table));
  EXPECT_FALSE(Finds(table, TableCheck::kFull));
  Flip(table.path, table.offset_bytes + 63 * kMiB);
  for (const int64_t block : {0, 1, 62, 64}) {
    Flip(table.path, table.offset_bytes + block * kMiB + 5);
    EXPECT_FALSE(Finds(table)) << block;
    Flip(table.path, table.offset_bytes + block * kMiB + 5);
  }
}

}  // namespace folded_file_test
}  // namespace plelab
