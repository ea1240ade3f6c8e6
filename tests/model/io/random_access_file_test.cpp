// Every backend reads the same bytes, counts them, and fails cleanly when the file is not what it was.
#include "model/io/random_access_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <limits>
#include <random>
#include <string>
#include <thread>

#include "model/base/format.h"
#include "model/io/direct_file.h"
#include "model/io/mmap_file.h"
#include "model/io/uring_file.h"
#include "tests/support/ple_table.h"
#include "tests/support/temp_file.h"

namespace plelab {
namespace random_access_file_test {

using ::testing::HasSubstr;

// Larger than a bounce buffer, and ending inside a block.
constexpr int64_t kSize = 3 * 1024 * 1024 + 1234;

class EveryBackend : public ::testing::TestWithParam<IoBackend> {
 protected:
  void SetUp() override {
    if (GetParam() == IoBackend::kUring && !WhyNoUring().empty()) GTEST_SKIP() << WhyNoUring();
  }
  std::unique_ptr<RandomAccessFile> Open() { return OpenRandomAccessFile(file_.path(), {GetParam()}); }
  std::vector<std::byte> Expected(int64_t offset, int64_t size) const {
    return {bytes_.begin() + offset, bytes_.begin() + offset + size};
  }
  static std::vector<std::byte> Read(RandomAccessFile& file, int64_t offset, int64_t size) {
    std::vector<std::byte> out(size);
    file.Read(offset, out);
    return out;
  }

  const std::vector<std::byte> bytes_ = RandomBytes(kSize, 7);
  const TempFile file_{bytes_};
};

// Returns the message of what Read throws; the test fails when it throws nothing.
std::string ErrorOf(RandomAccessFile& file, int64_t offset, int64_t size) {
  std::vector<std::byte> out(size);
  try {
    file.Read(offset, out);
  } catch (const ReadError& error) {
    return error.what();
  }
  ADD_FAILURE() << "a read of " << size << " bytes at " << offset << " went through";
  return "";
}

TEST_P(EveryBackend, ReadsAnyOffsetAndSize) {
  const auto file = Open();
  EXPECT_EQ(file->size_bytes(), kSize);
  EXPECT_EQ(file->path(), file_.path());
  for (int64_t offset : {0, 1, 511, 512, 513, 4095, 4096, 4097, 65535, 1048575, 1048576, 1048577}) {
    for (int64_t size : {1, 2, 511, 512, 513, 4095, 4096, 4097, 15360, 1048576, 1048577}) {
      ASSERT_EQ(Read(*file, offset, size), Expected(offset, size)) << size << " bytes at " << offset;
    }
  }
}

TEST_P(EveryBackend, ReadsTheTailOfTheFile) {
  const auto file = Open();
  for (int64_t size : {1, 1233, 1234, 1235, 4096, 5330, 2000000}) {
    ASSERT_EQ(Read(*file, kSize - size, size), Expected(kSize - size, size)) << size;
  }
  EXPECT_EQ(Read(*file, 0, kSize), bytes_);
}

TEST_P(EveryBackend, ReadsNothingWithoutComplaint) {
  const auto file = Open();
  EXPECT_NO_THROW(file->Read(0, {}));
  EXPECT_NO_THROW(file->Read(kSize, {}));
}

TEST_P(EveryBackend, CountsCallsAndBytesAsked) {
  const auto file = Open();
  Read(*file, 10, 100);
  Read(*file, 5000, 15360);
  const IoCounters counters = file->counters();
  EXPECT_EQ(counters.read_calls, 2);
  EXPECT_EQ(counters.bytes_asked, 15460);
}

TEST_P(EveryBackend, NamesFileOffsetExpectedAndFoundBeyondTheEnd) {
  const auto file = Open();
  const std::string error = ErrorOf(*file, kSize - 100, 300);
  EXPECT_THAT(error, HasSubstr(file_.path()));
  EXPECT_THAT(error, HasSubstr(Format("offset {}", kSize - 100)));
  EXPECT_THAT(error, HasSubstr("expected 300 bytes, found 100"));
  EXPECT_THAT(error, HasSubstr(Format("ends at byte {}", kSize)));
  EXPECT_THAT(ErrorOf(*file, kSize + 5000, 10), HasSubstr("found 0"));
}

TEST_P(EveryBackend, RefusesRangesThatNoFileHolds) {
  const auto file = Open();
  ErrorOf(*file, -1, 10);
  ErrorOf(*file, std::numeric_limits<int64_t>::min(), 10);
  ErrorOf(*file, std::numeric_limits<int64_t>::max() - 3, 10);
  EXPECT_EQ(Read(*file, 3, 10), Expected(3, 10));
}

TEST_P(EveryBackend, FailsCleanlyWhenTheFileShrinksAndGoesOnWithWhatIsLeft) {
  const auto file = Open();
  Read(*file, 2000000, 15360);
  file_.Truncate(1500000);  // inside a page, whose rest mmap shows as zeros
  EXPECT_THAT(ErrorOf(*file, 2000000, 15360), HasSubstr("ends at byte 1500000"));
  EXPECT_THAT(ErrorOf(*file, 1500000 - 10, 20), HasSubstr("expected 20 bytes, found 10"));
  EXPECT_THAT(ErrorOf(*file, 1500000 - 9000, 15360), HasSubstr("found 9000"));
  EXPECT_EQ(Read(*file, 1000000, 15360), Expected(1000000, 15360));
  file_.Truncate(0);
  EXPECT_THAT(ErrorOf(*file, 0, 15360), HasSubstr("found 0"));
}

TEST_P(EveryBackend, ReadsOnAfterTheFileIsDeleted) {
  const auto file = Open();
  std::filesystem::remove(file_.path());
  EXPECT_EQ(Read(*file, 77, 15360), Expected(77, 15360));
}

TEST_P(EveryBackend, SurvivesAFileThatShrinksWhileThreadsRead) {
  const auto file = Open();
  std::atomic<bool> stop = false;
  std::atomic<int> wrong = 0, failed = 0;
  std::vector<std::thread> readers;
  for (int64_t t = 0; t < 3; ++t) {
    readers.emplace_back([&, t] {
      for (int64_t i = 0; !stop; ++i) {
        const int64_t offset = (i * 104729 + t * 15361) % (kSize - 15360);
        std::vector<std::byte> out(15360);
        try {
          file->Read(offset, out);
          if (out != Expected(offset, 15360)) ++wrong;
        } catch (const ReadError&) {
          ++failed;
        }
      }
    });
  }
  for (int64_t size = kSize; size > 0; size -= 65537) file_.Truncate(size);
  file_.Truncate(0);
  while (failed == 0) std::this_thread::yield();
  stop = true;
  for (std::thread& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(EveryBackend, AMissingFileIsTheUsersMistake) {
  try {
    OpenRandomAccessFile("/nonexistent/model.safetensors", {GetParam()});
    FAIL() << "opened";
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("/nonexistent/model.safetensors"));
  }
  EXPECT_THROW(OpenRandomAccessFile("/tmp", {GetParam()}), UserError);
}

TEST_P(EveryBackend, OpensAnEmptyFile) {
  const TempFile empty{std::span<const std::byte>()};
  const auto file = OpenRandomAccessFile(empty.path(), {GetParam()});
  EXPECT_EQ(file->size_bytes(), 0);
  EXPECT_THAT(ErrorOf(*file, 0, 1), HasSubstr("found 0"));
}

std::string BackendName(const ::testing::TestParamInfo<IoBackend>& info) {
  switch (info.param) {
    case IoBackend::kPread:
      return "pread";
    case IoBackend::kDirect:
      return "direct";
    case IoBackend::kUring:
      return "io_uring";
    case IoBackend::kMmap:
      return "mmap";
  }
  return "unknown";
}

INSTANTIATE_TEST_SUITE_P(, EveryBackend,
                         ::testing::Values(IoBackend::kPread, IoBackend::kDirect, IoBackend::kMmap,
                                           IoBackend::kUring),
                         BackendName);

TEST(DirectFile, StatesAnAlignmentThatABounceBufferHolds) {
  const TempFile temp{RandomBytes(4096, 3)};
  const int64_t alignment = DirectFile(temp.path()).alignment_bytes();
  EXPECT_GT(alignment, 0);
  EXPECT_EQ(1024 * 1024 % alignment, 0);
}

// Bytes of a mapping of the file that count as this process's memory.
int64_t MappedBytes(const std::string& path) {
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  bool is_ours = false;
  while (std::getline(maps, line)) {
    if (line.find(" r--s ") != std::string::npos || line.find(" r--p ") != std::string::npos) {
      is_ours = line.find(path) != std::string::npos;
    }
    if (is_ours && line.starts_with("Rss:")) return std::stoll(line.substr(4)) * 1024;
  }
  return -1;
}

TEST(MmapFile, ABudgetIsKeptWhateverIsReadAndCostsNoByte) {
  constexpr int64_t kLarge = 64 * 1024 * 1024, kBudget = 16 * 1024 * 1024;
  const auto bytes = RandomBytes(kLarge, 5);
  const TempFile temp{bytes};
  for (const IoAdvice advice : {IoAdvice::kNormal, IoAdvice::kRandom}) {
    MmapFile file(temp.path(), advice, kBudget);
    std::mt19937 random(3);
    int64_t most = 0;
    for (int64_t i = 0; i < 20'000; ++i) {
      const int64_t offset = random() % (kLarge - 15360);
      std::vector<std::byte> out(15360);
      file.Read(offset, out);
      ASSERT_TRUE(std::equal(out.begin(), out.end(), bytes.begin() + offset));
      if (i % 3 == 0) file.Trim();
      if (i % 16 == 0) most = std::max(most, MappedBytes(temp.path()));
    }
    if (most < 0) GTEST_SKIP() << "/proc/self/smaps is not there";
    EXPECT_GT(most, 0) << "pages stay mapped within the budget";
    EXPECT_LE(most, kBudget);
    std::vector<std::byte> all(kLarge);
    file.Read(0, all);
    EXPECT_EQ(all, bytes);
    EXPECT_LE(MappedBytes(temp.path()), kBudget);
  }
  EXPECT_THROW(MmapFile(temp.path(), IoAdvice::kNormal, 4096), UserError);
}

TEST(IoAdvice, ChangesNoByte) {
  const auto bytes = RandomBytes(kSize, 7);
  const TempFile temp{bytes};
  for (const IoBackend backend : {IoBackend::kPread, IoBackend::kMmap}) {
    const auto file = OpenRandomAccessFile(temp.path(), {backend, IoAdvice::kRandom});
    std::vector<std::byte> out(kSize);
    file->Read(0, out);
    EXPECT_EQ(out, bytes);
  }
}

int64_t PageFaults() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

// Unmapping after each read would cost a fault in each of them.
TEST(MmapFile, APageThatWasReadStaysMappedUntilItIsReleased) {
  constexpr int64_t kReads = 200;
  const TempFile temp{RandomBytes(kSize, 7)};
  const auto file = OpenRandomAccessFile(temp.path(), {IoBackend::kMmap});
  std::vector<std::byte> out(15360);
  const auto faults_of = [&](bool released) {
    file->Read(1'000'000, out);
    const int64_t before = PageFaults();
    for (int64_t i = 0; i < kReads; ++i) {
      if (released) file->ReleasePages();
      file->Read(1'000'000, out);
    }
    return PageFaults() - before;
  };
  EXPECT_LT(faults_of(false), kReads / 2);
  EXPECT_GE(faults_of(true), kReads);
}

}  // namespace random_access_file_test
}  // namespace plelab
