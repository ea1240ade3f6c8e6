#include "model/base/read_fully.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace plelab {
namespace {

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

}  // namespace
}  // namespace plelab
