#include "harness/machine/memory_probe.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <limits>

#include "harness/machine/cgroup.h"
#include "harness/record/record.h"
#include "harness/support/system_files.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

constexpr char kGroupPrefix[] = "plelab-";

// The peak file of the group that this process is in now; empty without one.
std::string& PeakFile() {
  static std::string file;
  return file;
}

// "12 kB" in bytes; 0 when the field is missing.
int64_t Bytes(const std::string& text, const char* key) {
  return static_cast<int64_t>(LeadingNumber(FieldOf(text, key)).value_or(0)) * 1024;
}

// Returns "" or why it failed.
std::string WriteTo(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) return path + ": " + std::strerror(errno);
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int reason = errno;
  ::close(fd);
  return written ? "" : path + ": " + std::strerror(reason);
}

// rmdir refuses a group that still has a process, so guessing wrong does no harm.
void RemoveGroupsOfDeadProcesses(const std::string& parent) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kGroupPrefix)) continue;
    const char* begin = name.data() + std::strlen(kGroupPrefix);
    pid_t pid = 0;
    const auto [end, parsed] = std::from_chars(begin, name.data() + name.size(), pid);
    const bool ours = parsed == std::errc() && end == name.data() + name.size() && pid > 0;
    if (ours && ::kill(pid, 0) != 0 && errno == ESRCH) ::rmdir(entry.path().c_str());
  }
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

bool ResetPeakRss() { return WriteTo("/proc/self/clear_refs", "5").empty(); }

MemoryGroup::MemoryGroup() {
  const auto current = FindCgroup("memory");
  if (!current) {
    why_not_ = "no memory cgroup is mounted";
    return;
  }
  if (!PeakFile().empty()) {
    why_not_ = "this process is in a group of its own already";
    return;
  }
  RemoveGroupsOfDeadProcesses(current->folder);
  const std::string folder = current->folder + "/" + kGroupPrefix + std::to_string(::getpid());
  if (::mkdir(folder.c_str(), 0755) != 0) {
    why_not_ = folder + ": " + std::strerror(errno);
    return;
  }
  const std::string peak = folder + (current->version == 2 ? "/memory.peak" : "/memory.max_usage_in_bytes");
  // v2: the controller exists only if the group above delegates it, which is not ours to change.
  why_not_ = ReadSystemNumber(peak) ? WriteTo(folder + "/cgroup.procs", std::to_string(::getpid()))
                                    : peak + ": cannot be read";
  if (!why_not_.empty()) {
    ::rmdir(folder.c_str());
    return;
  }
  folder_ = folder;
  parent_ = current->folder;
  PeakFile() = peak;
}

MemoryGroup::~MemoryGroup() {
  if (!joined()) return;
  PeakFile().clear();
  WriteTo(parent_ + "/cgroup.procs", std::to_string(::getpid()));
  // Fails while a child of ours is still in it; the next MemoryGroup then removes it.
  ::rmdir(folder_.c_str());
}

}  // namespace plelab
