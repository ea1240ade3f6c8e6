// Reads that are submitted together: the same bytes from every backend, and no read lost whatever happens to
// it, to its file or to whoever asked for it.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <filesystem>
#include <optional>
#include <random>
#include <thread>

#include "model/base/format.h"
#include "model/io/direct_file.h"
#include "model/io/random_access_file.h"
#include "model/io/uring_file.h"
#include "tests/support/ple_table.h"
#include "tests/support/temp_file.h"

namespace plelab {
namespace submit_test {

using ::testing::HasSubstr;
using Ranges = std::vector<ReadRange>;

constexpr int64_t kSize = 2 * 1024 * 1024 + 777;

std::string ErrorOf(Completion& completion, size_t index) {
  try {
    completion.Wait(index);
  } catch (const ReadError& error) {
    return error.what();
  }
  ADD_FAILURE() << "read " << index << " went through";
  return "";
}

class SubmitTo : public ::testing::TestWithParam<IoOptions> {
 protected:
  void SetUp() override {
    if (GetParam().backend == IoBackend::kUring && !WhyNoUring().empty()) GTEST_SKIP() << WhyNoUring();
  }
  std::unique_ptr<RandomAccessFile> Open() { return OpenRandomAccessFile(file_.path(), GetParam()); }
  void ExpectBytes(std::span<const std::byte> bytes, const ReadRange& range) const {
    ASSERT_EQ(std::ssize(bytes), range.size_bytes);
    EXPECT_TRUE(std::equal(bytes.begin(), bytes.end(), bytes_.begin() + range.offset_bytes))
        << range.size_bytes << " bytes at " << range.offset_bytes;
  }
  static Ranges RandomRanges(std::mt19937& random, size_t count) {
    Ranges ranges;
    for (size_t i = 0; i < count; ++i) {
      const int64_t size = 1 + random() % 20000;
      ranges.push_back({static_cast<int64_t>(random() % (kSize - size)), size});
    }
    return ranges;
  }

  const std::vector<std::byte> bytes_ = RandomBytes(kSize, 7);
  const TempFile file_{bytes_};
};

TEST_P(SubmitTo, FillsEachRangeInWhateverOrderItIsWaitedFor) {
  const auto file = Open();
  std::mt19937 random(1);
  for (const size_t count : {0, 1, 2, 7, 300}) {
    const Ranges ranges = RandomRanges(random, count);
    const auto completion = file->Submit(ranges);
    std::vector<size_t> order(count);
    for (size_t i = 0; i < count; ++i) order[i] = i;
    std::shuffle(order.begin(), order.end(), random);
    for (const size_t i : order) ExpectBytes(completion->Wait(i), ranges[i]);
    for (const size_t i : order) ExpectBytes(completion->Wait(i), ranges[i]);
  }
}

TEST_P(SubmitTo, ReadsTheTailOfTheFileAndBlocksAroundAnyByte) {
  const auto file = Open();
  Ranges ranges = {{kSize - 1, 1}, {kSize - 777, 777}, {kSize - 5000, 5000}, {0, 1}, {0, kSize}};
  for (const int64_t at : {511, 512, 513, 4095, 4096, 4097}) ranges.push_back({at, 15360});
  const auto completion = file->Submit(ranges);
  for (size_t i = 0; i < ranges.size(); ++i) ExpectBytes(completion->Wait(i), ranges[i]);
}

TEST_P(SubmitTo, CountsWhatWasAskedAndNotTheBlocksAroundIt) {
  const auto file = Open();
  const auto completion = file->Submit(Ranges{{10, 100}, {5000, 15360}});
  completion->Wait(0);
  completion->Wait(1);
  EXPECT_EQ(file->counters().read_calls, 2);
  EXPECT_EQ(file->counters().bytes_asked, 15460);
}

TEST_P(SubmitTo, AReadBeyondTheEndFailsAloneAndAtEveryCall) {
  const auto file = Open();
  const Ranges ranges = {{100, 5000}, {kSize - 100, 300}, {kSize + 100000, 8}, {-5, 3}, {7000, 9}};
  const auto completion = file->Submit(ranges);
  for (int repeat = 0; repeat < 2; ++repeat) {
    EXPECT_THAT(ErrorOf(*completion, 1), HasSubstr("expected 300 bytes, found 100"));
    EXPECT_THAT(ErrorOf(*completion, 1),
                HasSubstr(Format("{}: read at offset {}", file_.path(), kSize - 100)));
    EXPECT_THAT(ErrorOf(*completion, 2), HasSubstr("found 0"));
    EXPECT_THAT(ErrorOf(*completion, 3), HasSubstr("found 0"));
    ExpectBytes(completion->Wait(0), ranges[0]);
    ExpectBytes(completion->Wait(4), ranges[4]);
  }
}

TEST_P(SubmitTo, AFileThatShrinksFailsWhatIsGoneAndServesWhatIsLeft) {
  const auto file = Open();
  file_.Truncate(1'000'000);
  const Ranges ranges = {{900'000, 50'000}, {999'990, 20}, {1'500'000, 10}, {5, 10}};
  const auto completion = file->Submit(ranges);
  ExpectBytes(completion->Wait(0), ranges[0]);
  EXPECT_THAT(ErrorOf(*completion, 1), HasSubstr("expected 20 bytes, found 10"));
  EXPECT_THAT(ErrorOf(*completion, 2), HasSubstr("found 0"));
  ExpectBytes(completion->Wait(3), ranges[3]);
}

TEST_P(SubmitTo, AFileMayEndWithAnySector) {
  constexpr int64_t kEnd = 1'000'000 / 512 * 512 + 512;
  const auto file = Open();
  file_.Truncate(kEnd);
  const Ranges ranges = {{kEnd - 700, 700}, {kEnd - 700, 701}};
  const auto completion = file->Submit(ranges);
  ExpectBytes(completion->Wait(0), ranges[0]);
  EXPECT_THAT(ErrorOf(*completion, 1), HasSubstr(Format("ends at byte {}", kEnd)));
}

TEST_P(SubmitTo, ReadsOnAfterTheFileIsDeleted) {
  const auto file = Open();
  std::filesystem::remove(file_.path());
  const Ranges ranges = {{77, 15360}};
  ExpectBytes(file->Submit(ranges)->Wait(0), ranges[0]);
}

TEST_P(SubmitTo, CompletionsMayGoUnread) {
  const auto file = Open();
  std::mt19937 random(2);
  for (int i = 0; i < 300; ++i) file->Submit(RandomRanges(random, 1 + random() % 100));
  const Ranges ranges = RandomRanges(random, 5);
  ExpectBytes(file->Submit(ranges)->Wait(4), ranges[4]);
}

TEST_P(SubmitTo, ThreadsMayShareAFileAndACompletion) {
  const auto file = Open();
  std::mt19937 random(3);
  const Ranges shared_ranges = RandomRanges(random, 200);
  const auto shared = file->Submit(shared_ranges);
  std::atomic<int> wrong = 0;
  const auto check = [&](std::span<const std::byte> bytes, const ReadRange& range) {
    if (!std::equal(bytes.begin(), bytes.end(), bytes_.begin() + range.offset_bytes)) ++wrong;
  };
  std::vector<std::thread> threads;
  for (uint32_t t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      std::mt19937 own(t);
      for (size_t i = 0; i < shared_ranges.size(); ++i) {
        check(shared->Wait(i), shared_ranges[i]);
        const Ranges ranges = RandomRanges(own, 3);
        const auto completion = file->Submit(ranges);
        check(completion->Wait(2), ranges[2]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

std::vector<IoOptions> AllWays() {
  using Polling = UringOptions::Polling;
  const auto uring = [](UringOptions options, int64_t alignment = 0) {
    return IoOptions{.backend = IoBackend::kUring, .alignment_bytes = alignment, .uring = options};
  };
  return {{IoBackend::kPread},
          {IoBackend::kDirect},
          {.backend = IoBackend::kDirect, .alignment_bytes = 4096},
          {IoBackend::kMmap},
          uring({}),
          uring({.queue_depth = 1}),
          uring({.queue_depth = 3, .registered = false}),
          uring({.polling = Polling::kSubmission}),
          uring({.queue_depth = 1, .polling = Polling::kSubmission}),
          {.backend = IoBackend::kMmap, .mapped_bytes = 16 * 1024 * 1024},
          uring({.queue_depth = 256}, 4096)};
}

std::string NameOfWay(const ::testing::TestParamInfo<IoOptions>& info) {
  static const char* const kNames[] = {"pread", "direct", "mmap", "io_uring"};
  const UringOptions& uring = info.param.uring;
  std::string name = kNames[static_cast<int>(info.param.backend)];
  if (info.param.backend == IoBackend::kUring) {
    name += Format("_depth{}{}{}", uring.queue_depth, uring.registered ? "" : "_named",
                   uring.polling == UringOptions::Polling::kSubmission ? "_sqpoll" : "");
  }
  if (info.param.mapped_bytes > 0) name += "_bounded";
  return name + (info.param.alignment_bytes > 0 ? Format("_aligned{}", info.param.alignment_bytes) : "");
}
INSTANTIATE_TEST_SUITE_P(, SubmitTo, ::testing::ValuesIn(AllWays()), NameOfWay);

class Uring : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!WhyNoUring().empty()) GTEST_SKIP() << WhyNoUring();
  }
  const std::vector<std::byte> bytes_ = RandomBytes(kSize, 7);
  const TempFile file_{bytes_};
};

TEST_F(Uring, AnswersInPartsAndInterruptionsCostNoByte) {
  int64_t answers = 0;
  const auto file =
      OpenUringFile(file_.path(), {.backend = IoBackend::kUring}, [&](int64_t, UringAnswer answer) {
        ++answers;
        if (answers % 5 == 0) return -EINTR;
        if (answers % 7 == 0) return -EAGAIN;
        return answer > 4096 ? 4096 : answer;  // as a device that stops after a block
      });
  Ranges ranges;
  for (int64_t i = 0; i < 40; ++i) ranges.push_back({i * 50'001, 15'360});
  const auto completion = file->Submit(ranges);
  for (size_t i = 0; i < ranges.size(); ++i) {
    const auto bytes = completion->Wait(i);
    ASSERT_TRUE(std::equal(bytes.begin(), bytes.end(), bytes_.begin() + ranges[i].offset_bytes));
  }
  EXPECT_GT(answers, 4 * 40) << "each read came in pieces";
}

TEST_F(Uring, AnErrorOfTheDeviceNamesFileOffsetAndReason) {
  const auto file =
      OpenUringFile(file_.path(), {.backend = IoBackend::kUring},
                    [](int64_t offset, UringAnswer answer) { return offset >= 1'000'000 ? -EIO : answer; });
  const auto completion = file->Submit(Ranges{{10, 100}, {1'100'000, 15'360}, {20, 100}});
  const std::string error = ErrorOf(*completion, 1);
  EXPECT_THAT(error, HasSubstr(file_.path() + ": read at offset 1100000"));
  EXPECT_THAT(error, HasSubstr("Input/output error"));
  EXPECT_EQ(completion->Wait(2).size(), 100u);
}

TEST_F(Uring, ADeviceThatCannotBePolledIsAUsersError) {
  const IoOptions options = {.backend = IoBackend::kUring, .uring = {.polling = UringOptions::Polling::kIo}};
  try {
    std::vector<std::byte> out(5000);
    OpenUringFile(file_.path(), options)->Read(3, out);  // where the device can be polled
    EXPECT_TRUE(std::equal(out.begin(), out.end(), bytes_.begin() + 3));
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(), HasSubstr("'polling: iopoll' does not work on this device"));
  }
}

// What the interleavings below do with one completion at a time.
struct Open {
  Ranges ranges;
  std::unique_ptr<Completion> completion;
};

// Submits, waits, fails, and destroys in random order, with answers that fail, stop short or are interrupted
// at random.  Each range that is waited for has its own bytes or an error; nothing hangs, and at the end
// every read that the kernel was given has been answered.
void Interleave(const std::string& path, std::span<const std::byte> bytes, uint32_t seed, int64_t steps) {
  std::mt19937 random(seed);
  const int64_t unit = DirectFile(path).alignment_bytes();
  const int64_t fails_in = 1'000'000;  // reads from here on fail whenever the dice say so
  const auto fault = [&](int64_t offset, UringAnswer answer) -> UringAnswer {
    const uint32_t dice = random() % 16;
    if (dice == 0) return -EINTR;
    if (dice == 1 && answer > unit) return static_cast<int>(answer / unit / 2 * unit + unit);
    if (dice < 4 && offset >= fails_in) return -EIO;
    return answer;
  };
  const UringOptions uring = {.queue_depth = 1 + static_cast<int64_t>(random() % 40),
                              .registered = random() % 2 == 0};
  const auto file = OpenUringFile(path, {.backend = IoBackend::kUring, .uring = uring}, fault);
  std::vector<Open> open;
  for (int64_t step = 0; step < steps; ++step) {
    const uint32_t action = random() % 8;
    if (action < 2 || open.empty()) {
      Ranges ranges;
      for (uint32_t i = 0; i < 1 + random() % 12; ++i) {
        ranges.push_back(
            {static_cast<int64_t>(random() % (kSize + 5000)), 1 + static_cast<int64_t>(random() % 9000)});
      }
      auto completion = file->Submit(ranges);
      open.push_back({std::move(ranges), std::move(completion)});
      continue;
    }
    const size_t which = random() % open.size();
    if (action == 2) {
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(which));
      continue;
    }
    const size_t index = random() % open[which].ranges.size();
    const ReadRange& range = open[which].ranges[index];
    const bool is_there = range.offset_bytes + range.size_bytes <= kSize;
    try {
      const auto got = open[which].completion->Wait(index);
      ASSERT_TRUE(is_there);
      ASSERT_EQ(std::ssize(got), range.size_bytes);
      ASSERT_TRUE(std::equal(got.begin(), got.end(), bytes.begin() + range.offset_bytes)) << "seed " << seed;
    } catch (const ReadError&) {
      ASSERT_TRUE(!is_there || range.offset_bytes + range.size_bytes > fails_in - 4096) << "seed " << seed;
    }
  }
}

TEST_F(Uring, TenThousandRandomInterleavingsLoseNoRead) {
  for (uint32_t seed = 0; seed < 10'000; ++seed) {
    Interleave(file_.path(), bytes_, seed, 12);
    if (HasFatalFailure()) return;
  }
}

}  // namespace submit_test
}  // namespace plelab
