#include "model/base/anonymous_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "model/base/error.h"

namespace plelab {
namespace anonymous_memory_test {

TEST(AnonymousMemory, IsZeroAndWritableToItsLastByte) {
  for (PageSize pages : {PageSize::kHuge, PageSize::k4KiB}) {
    const AnonymousMemory memory(5 * 1024 * 1024 + 3, pages);
    ASSERT_EQ(memory.size_bytes(), 5 * 1024 * 1024 + 3);
    EXPECT_TRUE(std::all_of(memory.data(), memory.data() + memory.size_bytes(),
                            [](std::byte byte) { return byte == std::byte{0}; }));
    memory.data()[memory.size_bytes() - 1] = std::byte{9};
  }
}

TEST(AnonymousMemory, HugePagesBeginAtTwoMebibytes) {
  const AnonymousMemory memory(1000, PageSize::kHuge);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.data()) % (2 * 1024 * 1024), 0u);
}

TEST(AnonymousMemory, MovesWithoutCopying) {
  AnonymousMemory a(4096, PageSize::k4KiB);
  std::byte* data = a.data();
  AnonymousMemory b = std::move(a);
  EXPECT_EQ(b.data(), data);
  AnonymousMemory c;
  c = std::move(b);
  EXPECT_EQ(c.data(), data);
  EXPECT_EQ(c.size_bytes(), 4096);
}

TEST(AnonymousMemory, SaysHowMuchItCouldNotGet) {
  EXPECT_THROW(AnonymousMemory(int64_t{1} << 56, PageSize::k4KiB), RunError);
}

TEST(AnonymousMemory, OfNothingIsEmpty) {
  const AnonymousMemory memory(0, PageSize::kHuge);
  EXPECT_EQ(memory.data(), nullptr);
  EXPECT_EQ(memory.size_bytes(), 0);
}

}  // namespace anonymous_memory_test
}  // namespace plelab
