#include "harness/machine/host_facts.h"

#include <sched.h>

#include <algorithm>
#include <ctime>
#include <thread>

namespace plelab {

const std::vector<int>& AllowedCores() {
  static const std::vector<int> cores = [] {
    cpu_set_t set;
    CPU_ZERO(&set);
    std::vector<int> allowed;
    if (::sched_getaffinity(0, sizeof set, &set) != 0) return allowed;
    for (int core = 0; core < CPU_SETSIZE; ++core) {
      if (CPU_ISSET(core, &set)) allowed.push_back(core);
    }
    return allowed;
  }();
  return cores;
}

int64_t Cores() { return std::max<int64_t>(1, std::thread::hardware_concurrency()); }

std::string UtcNow() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  char text[32];
  return {text, std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &utc)};
}

bool BuildMayMeasure() {
#if !defined(NDEBUG) || !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__) || \
    defined(__SANITIZE_THREAD__)
  return false;
#else
  return true;
#endif
}

}  // namespace plelab
