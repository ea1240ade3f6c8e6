#include "model/base/file_descriptor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "tests/support/temp_file.h"

namespace plelab {
namespace file_descriptor_test {

constexpr std::string_view kText = "per-layer embeddings";

// A system call that gives at most `most` bytes at once.
auto ReadAtMost(size_t most) {
  return [most](void* to, size_t size, int64_t at) -> ssize_t {
    const std::string_view rest = kText.substr(std::min<size_t>(at, kText.size()));
    const size_t n = std::min({most, size, rest.size()});
    std::memcpy(to, rest.data(), n);
    return static_cast<ssize_t>(n);
  };
}

TEST(ReadFully, GoesOnAfterShortReads) {
  std::string out(9, '?');
  const auto result = ReadFully(4, std::as_writable_bytes(std::span(out)), ReadAtMost(2));
  EXPECT_EQ(result.found, 9);
  EXPECT_EQ(result.error, 0);
  EXPECT_EQ(out, kText.substr(4, 9));
}

TEST(ReadFully, GoesOnAfterAnInterruption) {
  std::string out(kText.size(), '?');
  int calls = 0;
  const auto result =
      ReadFully(0, std::as_writable_bytes(std::span(out)), [&](void* to, size_t size, int64_t at) {
        if (++calls % 2 == 1) {
          errno = EINTR;
          return ssize_t{-1};
        }
        return ReadAtMost(7)(to, size, at);
      });
  EXPECT_EQ(result.found, std::ssize(kText));
  EXPECT_EQ(out, kText);
}

TEST(ReadFully, StopsAtTheEndOfTheFile) {
  std::string out(50, '?');
  const auto result = ReadFully(10, std::as_writable_bytes(std::span(out)), ReadAtMost(3));
  EXPECT_EQ(result.found, std::ssize(kText) - 10);
  EXPECT_EQ(result.error, 0);
}

TEST(ReadFully, StopsAtAnErrorAndKeepsIt) {
  std::string out(kText.size(), '?');
  int calls = 0;
  const auto result =
      ReadFully(0, std::as_writable_bytes(std::span(out)), [&](void* to, size_t size, int64_t at) {
        if (++calls == 1) return ReadAtMost(5)(to, size, at);
        errno = EIO;
        return ssize_t{-1};
      });
  EXPECT_EQ(result.found, 5);
  EXPECT_EQ(result.error, EIO);
}

TEST(FileDescriptor, ReadsARangeOrNamesFileOffsetExpectedAndFound) {
  const TempFile temp{std::as_bytes(std::span(kText))};
  const FileDescriptor file(temp.path(), ReadAhead::kOff);
  EXPECT_EQ(file.size_bytes(), std::ssize(kText));
  std::string out(9, '?');
  file.Read(4, std::as_writable_bytes(std::span(out)));
  EXPECT_EQ(out, kText.substr(4, 9));
  const int64_t offset = std::ssize(kText) - 2;
  try {
    file.Read(offset, std::as_writable_bytes(std::span(out)));
    FAIL() << "read beyond the end";
  } catch (const ReadError& error) {
    EXPECT_EQ(error.failed_at(), std::ssize(kText));
    EXPECT_THAT(error.what(), ::testing::HasSubstr(temp.path()));
    EXPECT_THAT(error.what(), ::testing::HasSubstr(Format("offset {}: expected 9 bytes, found 2", offset)));
  }
}

}  // namespace file_descriptor_test
}  // namespace plelab
