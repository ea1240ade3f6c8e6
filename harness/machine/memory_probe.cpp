#include "harness/machine/memory_probe.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <sstream>
#include <vector>

#include "harness/record/record.h"
#include "harness/support/system_files.h"
#include "model/base/error.h"

namespace plelab {
namespace {

// The peak file of the group that this process is in now; empty without one.
std::string& PeakFile() {
  static std::string file;
  return file;
}

// "12 kB" in bytes; 0 when the field is missing.
int64_t Bytes(const std::string& text, const char* key) {
  return static_cast<int64_t>(LeadingNumber(FieldOf(text, key)).value_or(0)) * 1024;
}

// Replaces this process by the same program with the same arguments.  Throws RunError.
void StartAnew() {
  std::istringstream stream(ReadSystemFile("/proc/self/cmdline"));
  std::vector<std::string> arguments;
  for (std::string argument; std::getline(stream, argument, '\0');) arguments.push_back(argument);
  std::vector<char*> pointers;
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);
  ::execv("/proc/self/exe", pointers.data());
  throw RunError("this program cannot be started anew: {}", std::strerror(errno));
}

}  // namespace

MemoryReading ReadMemory() {
  const std::string status = ReadSystemFile("/proc/self/status");
  const std::string rollup = ReadSystemFile("/proc/self/smaps_rollup");
  MemoryReading reading;
  if (rollup.empty()) {
    reading.anonymous_bytes = Bytes(status, "RssAnon");
    reading.file_backed_bytes = Bytes(status, "RssFile") + Bytes(status, "RssShmem");
    reading.pss_bytes = kNotMeasured;
  } else {
    reading.anonymous_bytes = Bytes(rollup, "Anonymous");
    reading.file_backed_bytes = Bytes(rollup, "Rss") - reading.anonymous_bytes;
    reading.pss_bytes = static_cast<double>(Bytes(rollup, "Pss"));
  }
  reading.peak_rss_bytes = Bytes(status, "VmHWM");
  const auto peak = PeakFile().empty() ? std::nullopt : ReadSystemNumber(PeakFile());
  reading.cgroup_peak_bytes = peak ? static_cast<double>(*peak) : kNotMeasured;
  return reading;
}

MemoryGroup::MemoryGroup() {
  if (!PeakFile().empty()) {
    why_not_ = "this process is in a group of its own already";
    return;
  }
  try {
    group_.emplace();
    const std::string peak =
        group_->PathOf(group_->version() == 2 ? "memory.peak" : "memory.max_usage_in_bytes");
    if (!ReadSystemNumber(peak)) throw RunError("{}: cannot be read", peak);
    group_->Enter();
    PeakFile() = peak;
  } catch (const RunError& error) {
    why_not_ = error.what();
    group_.reset();
  }
}

MemoryGroup::~MemoryGroup() {
  if (joined()) PeakFile().clear();
}

void StartInMemoryGroup() {
  std::unique_ptr<OwnCgroup> group;
  try {
    group = std::make_unique<OwnCgroup>();
    if (!group->entered()) {
      group->Enter();
      StartAnew();
    }
  } catch (const RunError&) {
    return;
  }
  static_cast<void>(group.release());  // the process stays in it
}

}  // namespace plelab
