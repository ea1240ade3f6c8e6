// Which reads the rows of a request become: neighbours together, never more than 1 MiB, never beyond the
// table.
#include "model/ple/row_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>

#include "tests/support/fake_file.h"
#include "tests/support/ple_table.h"

namespace plelab {
namespace row_reader_test {

using ::testing::ElementsAre;
using ::testing::Pair;

using Reads = std::vector<std::pair<int64_t, int64_t>>;  // offset, bytes

// A file that keeps what it was asked for.
class WatchedFile : public RandomAccessFile {
 public:
  WatchedFile(std::vector<std::byte> bytes, Reads& reads)
      : reads_(reads), file_("fake", std::make_shared<FakeDisk>(std::move(bytes))) {}
  void Read(int64_t offset, std::span<std::byte> out) override {
    reads_.emplace_back(offset, std::ssize(out));
    file_.Read(offset, out);
  }
  int64_t size_bytes() const override { return file_.size_bytes(); }
  const std::string& path() const override { return file_.path(); }
  IoCounters counters() const override { return file_.counters(); }

 private:
  Reads& reads_;
  FakeFile file_;
};

constexpr int64_t kOffset = 24;

// The reads for `ids`, after the rows were compared with the table's.
Reads ReadsOf(const PleGeometry& geometry, const std::vector<int64_t>& ids) {
  const TableBytes table(geometry, kOffset);
  Reads reads;
  const RowReader reader(table.At("fake"), std::make_unique<WatchedFile>(table.file, reads));
  const auto batch = reader.Submit(ids);
  EXPECT_EQ(reads.size(), 0u) << "this file reads when it is waited for";
  for (size_t i = 0; i < batch->reads(); ++i) batch->Wait(i);
  for (int64_t layer = 0; layer < geometry.layers; ++layer) {
    for (size_t i = 0; i < ids.size(); ++i) {
      const std::byte* slice = batch->Slice(static_cast<int64_t>(i), layer);
      EXPECT_EQ(std::vector<std::byte>(slice, slice + geometry.layer_bytes()),
                table.Expected({ids[i]}, layer))
          << "row " << ids[i] << ", layer " << layer;
    }
  }
  return reads;
}

// Rows of 256 KiB, of which four are one read.
constexpr PleGeometry kLarge{.vocab = 12, .layers = 2, .dim = 65536, .dtype = DType::kBFloat16};
constexpr int64_t kLargeRow = int64_t{256} * 1024;

TEST(RowReader, ReadsAtMostAMebibyteAtOnce) {
  EXPECT_THAT(ReadsOf(kLarge, {3, 4, 5, 6}), ElementsAre(Pair(kOffset + 3 * kLargeRow, 4 * kLargeRow)));
  EXPECT_THAT(ReadsOf(kLarge, {3, 4, 5, 6, 7}), ElementsAre(Pair(kOffset + 3 * kLargeRow, 4 * kLargeRow),
                                                            Pair(kOffset + 7 * kLargeRow, kLargeRow)));
}

TEST(RowReader, TheLastRowsOfTheTableEndWithIt) {
  EXPECT_THAT(ReadsOf(kLarge, {11, 10, 9, 8, 7}), ElementsAre(Pair(kOffset + 7 * kLargeRow, 4 * kLargeRow),
                                                              Pair(kOffset + 11 * kLargeRow, kLargeRow)));
  EXPECT_THAT(ReadsOf(kLarge, {11, 10}), ElementsAre(Pair(kOffset + 10 * kLargeRow, 2 * kLargeRow)));
}

constexpr PleGeometry kSmall{.vocab = 50, .layers = 3, .dim = 8, .dtype = DType::kBFloat16};
const int64_t kSmallRow = kSmall.row_bytes();

TEST(RowReader, ReadsNeighboursTogetherAndNothingBetween) {
  EXPECT_THAT(
      ReadsOf(kSmall, {48, 7, 49, 8, 7, 10}),
      ElementsAre(Pair(kOffset + 7 * kSmallRow, 2 * kSmallRow), Pair(kOffset + 10 * kSmallRow, kSmallRow),
                  Pair(kOffset + 48 * kSmallRow, 2 * kSmallRow)));
}

// As many rows as the request holds are one read, whether or not it holds one of them twice.
TEST(RowReader, ARequestOfNothingButNeighboursIsOneRead) {
  EXPECT_THAT(ReadsOf(kSmall, {0, 1, 2}), ElementsAre(Pair(kOffset, 3 * kSmallRow)));
  EXPECT_THAT(ReadsOf(kSmall, {2, 1, 2, 0}), ElementsAre(Pair(kOffset, 3 * kSmallRow)));
  EXPECT_THAT(ReadsOf(kSmall, {49}), ElementsAre(Pair(kOffset + 49 * kSmallRow, kSmallRow)));
  EXPECT_THAT(ReadsOf(kSmall, {5, 5}), ElementsAre(Pair(kOffset + 5 * kSmallRow, kSmallRow)));
  EXPECT_THAT(ReadsOf(kSmall, {}), ElementsAre());
}

}  // namespace row_reader_test
}  // namespace plelab
