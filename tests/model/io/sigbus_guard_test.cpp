#include "model/io/sigbus_guard.h"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "tests/support/ple_table.h"
#include "tests/support/temp_file.h"

namespace plelab {
namespace sigbus_guard_test {

// A mapping of 16 pages, whose file was then truncated to `left` pages.
class ShrunkMapping {
 public:
  explicit ShrunkMapping(int64_t left) {
    std::FILE* open = std::fopen(file_.path().c_str(), "rb");
    begin = static_cast<std::byte*>(::mmap(nullptr, 16 * page, PROT_READ, MAP_SHARED, ::fileno(open), 0));
    std::fclose(open);
    file_.Truncate(left * page);
  }
  ~ShrunkMapping() { ::munmap(begin, 16 * page); }

  const int64_t page = ::sysconf(_SC_PAGESIZE);
  const std::vector<std::byte> bytes = RandomBytes(16 * page, 5);
  std::byte* begin = nullptr;

 private:
  const TempFile file_{bytes};
};

TEST(SigbusGuard, CopiesWhatIsThere) {
  const std::vector<std::byte> from = RandomBytes(100000, 1);
  std::vector<std::byte> to(from.size());
  EXPECT_EQ(CopyFromMapping(to.data(), from.data(), from.size()), nullptr);
  EXPECT_EQ(to, from);
}

TEST(SigbusGuard, ReportsThePageThatIsGone) {
  const ShrunkMapping mapping(5);
  std::vector<std::byte> to(16 * mapping.page);
  const auto* fault = static_cast<const std::byte*>(CopyFromMapping(to.data(), mapping.begin, to.size()));
  ASSERT_NE(fault, nullptr);
  EXPECT_GE(fault, mapping.begin + 5 * mapping.page);
  EXPECT_LT(fault, mapping.begin + 16 * mapping.page);
}

TEST(SigbusGuard, WorksAgainAfterAFault) {
  const ShrunkMapping mapping(2);
  std::vector<std::byte> to(mapping.page);
  for (int i = 0; i < 100; ++i) {
    EXPECT_NE(CopyFromMapping(to.data(), mapping.begin + 3 * mapping.page, to.size()), nullptr);
    EXPECT_EQ(CopyFromMapping(to.data(), mapping.begin, to.size()), nullptr);
    EXPECT_TRUE(std::equal(to.begin(), to.end(), mapping.bytes.begin()));
  }
}

void CopyOnce() {
  std::byte a{1}, b{2};
  CopyFromMapping(&a, &b, 1);
}

using SigbusGuardDeathTest = ::testing::Test;

TEST(SigbusGuardDeathTest, AFaultOutsideAGuardStillEndsTheProcess) {
  const ShrunkMapping mapping(0);
  const auto fault = [&] {
    std::signal(SIGBUS, SIG_DFL);  // replaces the handler that a sanitizer may have installed
    CopyOnce();
    std::exit(static_cast<int>(*const_cast<volatile std::byte*>(mapping.begin)));
  };
  EXPECT_EXIT(fault(), ::testing::KilledBySignal(SIGBUS), "");
}

TEST(SigbusGuardDeathTest, ASignalFromElsewhereReachesTheEarlierHandler) {
  const auto raise_with_handler = [] {
    std::signal(SIGBUS, [](int) { std::_Exit(42); });
    CopyOnce();
    std::raise(SIGBUS);
  };
  EXPECT_EXIT(raise_with_handler(), ::testing::ExitedWithCode(42), "");
}

TEST(SigbusGuardDeathTest, AFaultElsewhereReachesTheEarlierHandlerWithItsAddress) {
  const ShrunkMapping mapping(0);
  static const void* expected;
  expected = mapping.begin;
  const auto fault = [&] {
    struct sigaction action = {};
    action.sa_flags = SA_SIGINFO;
    action.sa_sigaction = [](int, siginfo_t* info, void*) { std::_Exit(info->si_addr == expected ? 43 : 1); };
    ::sigaction(SIGBUS, &action, nullptr);
    CopyOnce();
    std::exit(static_cast<int>(*const_cast<volatile std::byte*>(mapping.begin)));
  };
  EXPECT_EXIT(fault(), ::testing::ExitedWithCode(43), "");
}

}  // namespace sigbus_guard_test
}  // namespace plelab
