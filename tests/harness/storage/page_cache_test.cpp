#include "harness/storage/page_cache.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <utility>

#include "model/base/error.h"
#include "model/catalog/synth.h"
#include "model/checkpoint/config.h"
#include "model/gemma3n/gemma3n.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace page_cache_test {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kFileBytes = 16 * kMiB + 1000;  // ends in the middle of a page

class PageCache : public ::testing::Test {
 protected:
  void SetUp() override {
    struct statfs where = {};
    statfs(folder_.path().c_str(), &where);
    if (where.f_type == TMPFS_MAGIC) GTEST_SKIP() << "a tmpfs has no storage behind its page cache";
    testing::WriteText(path_, std::string(kFileBytes, 'x'));
  }
  FileRange Range(int64_t offset, int64_t size) const { return {path_, offset, size}; }
  FileRange Whole() const { return Range(0, kFileBytes); }

  testing::TemporaryFolder folder_;
  const std::string path_ = folder_ / "table";
};

TEST_F(PageCache, EvictedIsGoneAndWarmedIsThere) {
  EvictFromPageCache(Whole());  // dirty pages too: they were written just now
  EXPECT_EQ(CachedBytes(Whole()), 0);
  WarmPageCache(Whole());
  EXPECT_EQ(CachedBytes(Whole()), kFileBytes);
  EvictFromPageCache(Whole());
  EXPECT_EQ(CachedBytes(Whole()), 0);
}

TEST_F(PageCache, WhatIsWrittenAfterAnEvictionIsEvictedToo) {
  EvictFromPageCache(Whole());
  testing::WriteText(path_, std::string(kFileBytes, 'y'));
  EvictFromPageCache(Whole());
  EXPECT_EQ(CachedBytes(Whole()), 0);
  EXPECT_EQ(testing::ReadText(path_).front(), 'y');
}

TEST_F(PageCache, CountsTheBytesOfARangeAndNotItsPages) {
  WarmPageCache(Whole());
  for (const auto& [offset, size] : {std::pair<int64_t, int64_t>{0, 1}, {4095, 2}, {4097, 15360}, {5, 0}}) {
    EXPECT_EQ(CachedBytes(Range(offset, size)), size) << offset;
  }
  EXPECT_EQ(CachedBytes(Range(kFileBytes - 10, 10)), 10);
}

TEST_F(PageCache, EvictionIsOfTheRangeAndOfLittleAroundIt) {
  WarmPageCache(Whole());
  const FileRange middle = Range(6 * kMiB + 12345, 3 * kMiB);
  EvictFromPageCache(middle);
  EXPECT_EQ(CachedBytes(middle), 0);
  EXPECT_EQ(CachedBytes(Range(0, 4 * kMiB)), 4 * kMiB);
  EXPECT_EQ(CachedBytes(Range(12 * kMiB, kFileBytes - 12 * kMiB)), kFileBytes - 12 * kMiB);
}

TEST_F(PageCache, AnEmptyRangeEvictsNothing) {
  WarmPageCache(Whole());
  EvictFromPageCache(Range(0, 0));
  EXPECT_EQ(CachedBytes(Whole()), kFileBytes);
}

TEST_F(PageCache, PagesThatAreMappedStayAndAreSeen) {
  EvictFromPageCache(Whole());
  const int fd = open(path_.c_str(), O_RDONLY);
  auto* map = static_cast<volatile char*>(mmap(nullptr, kMiB, PROT_READ, MAP_SHARED, fd, 0));
  close(fd);
  EXPECT_EQ(map[0], 'x');
  EvictFromPageCache(Whole());
  EXPECT_GT(CachedBytes(Whole()), 0);
  munmap(const_cast<char*>(map), kMiB);
}

TEST_F(PageCache, DirectReadsTakeTimeAndCacheNothing) {
  EvictFromPageCache(Whole());
  const std::vector<double> ns = DirectReadsNs(Range(100, 8 * kMiB), 15360, 9, 0);
  if (ns.empty()) GTEST_SKIP() << "this file system refuses O_DIRECT";
  EXPECT_EQ(ns.size(), 9u);
  for (const double read : ns) EXPECT_GT(read, 0);
  EXPECT_EQ(CachedBytes(Whole()), 0);
  EXPECT_TRUE(DirectReadsNs(Range(0, 100), 15360, 9, 0).empty()) << "no such read fits";
}

TEST_F(PageCache, ARangeThatTheFileDoesNotHoldIsAnError) {
  const FileRange wrong[] = {Range(kFileBytes, 1),
                             Range(-1, 1),
                             Range(0, -1),
                             Range(INT64_MAX, INT64_MAX),
                             {folder_ / "missing", 0, 1}};
  for (const FileRange& range : wrong) {
    EXPECT_THROW(CachedBytes(range), RunError);
    EXPECT_THROW(EvictFromPageCache(range), RunError);
    EXPECT_THROW(WarmPageCache(range), RunError);
    EXPECT_THROW(DirectReadsNs(range, 1, 1, 0), RunError);
  }
}

// Bytes in the page cache on whole pages within a modality's tensors.  Pages at the tensors' ends are shared
// with others.
int64_t CachedWeights(const Checkpoint& checkpoint, Modality modality) {
  constexpr int64_t kPage = 4096;
  int64_t cached = 0;
  for (const auto& [name, tensor] : checkpoint.tensors()) {
    if (ModalityOf(name) != modality) continue;
    const int64_t from = (tensor.offset_bytes + kPage - 1) / kPage * kPage;
    const int64_t to = (tensor.offset_bytes + tensor.size_bytes) / kPage * kPage;
    if (from < to) cached += CachedBytes({tensor.file, from, to - from});
  }
  return cached;
}

// A run on text brings no page of the towers into the cache, not even by reading ahead.
TEST_F(PageCache, LoadingTextBringsNoPageOfTheTowers) {
  const std::string shape = PLELAB_SOURCE_DIR "/configs/models/small_multimodal.json";
  WriteRandomCheckpoint(ShapeConfigJson(shape), folder_ / "model", {});
  const auto checkpoint = std::make_shared<const Checkpoint>(Checkpoint::Open(folder_ / "model"));
  const std::string shard = checkpoint->tensors().begin()->second.file;
  EvictFromPageCache({shard, 0, static_cast<int64_t>(std::filesystem::file_size(shard))});
  const Gemma3n model = Gemma3n::Load(checkpoint, {});
  EXPECT_GT(CachedWeights(*checkpoint, Modality::kText), 10 * kMiB);
  EXPECT_EQ(CachedWeights(*checkpoint, Modality::kVision), 0);
  EXPECT_EQ(CachedWeights(*checkpoint, Modality::kAudio), 0);
}

}  // namespace page_cache_test
}  // namespace plelab
