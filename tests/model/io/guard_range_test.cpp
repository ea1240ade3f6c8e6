// What was guarded once is not guarded for ever.
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "model/io/sigbus_guard.h"
#include "tests/support/ple_table.h"
#include "tests/support/temp_file.h"

namespace plelab {
namespace guard_range_test {

TEST(GuardRangeDeathTest, AFaultAfterACopyOfTheSameRangeEndsTheProcess) {
  const int64_t page = ::sysconf(_SC_PAGESIZE);
  const TempFile file(RandomBytes(4 * page, 5));
  std::FILE* open = std::fopen(file.path().c_str(), "rb");
  auto* begin = static_cast<std::byte*>(::mmap(nullptr, 4 * page, PROT_READ, MAP_SHARED, ::fileno(open), 0));
  std::fclose(open);
  std::vector<std::byte> to(4 * page);
  const auto fault = [&] {
    std::signal(SIGBUS, SIG_DFL);  // replaces the handler that a sanitizer may have installed
    if (CopyFromMapping(to.data(), begin, to.size()) != nullptr) std::exit(1);
    file.Truncate(0);
    std::exit(static_cast<int>(*const_cast<volatile std::byte*>(begin + 3 * page)));
  };
  EXPECT_EXIT(fault(), ::testing::KilledBySignal(SIGBUS), "");
  ::munmap(begin, 4 * page);
}

}  // namespace guard_range_test
}  // namespace plelab
