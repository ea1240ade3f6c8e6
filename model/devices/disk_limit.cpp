#include "model/devices/disk_limit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>
#include <vector>

#include "model/base/error.h"
#include "model/base/format.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

constexpr char kMembers[] = "/cgroup.procs";
constexpr char kPrefix[] = "plelab-";

std::vector<std::string> LinesOf(const std::string& path) {
  std::ifstream stream(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

void WriteTo(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) throw RunError("{}: {}", path, std::strerror(errno));
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int reason = errno;
  ::close(fd);
  if (!written) throw RunError("{}: writing '{}': {}", path, text, std::strerror(reason));
}

bool Lists(const std::string& comma_separated, const std::string& name) {
  return ("," + comma_separated + ",").find("," + name + ",") != std::string::npos;
}

// The path of this process's group below the root of its hierarchy: of v1's controller, or of v2 ("").
std::string PathInHierarchy(const std::string& controller) {
  for (const std::string& line : LinesOf("/proc/self/cgroup")) {  // id:controllers:path
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (controller.empty() ? controllers.empty() : Lists(controllers, controller))
      return line.substr(second + 1);
  }
  return "";
}

// Where a hierarchy is mounted, and which folder of it.
struct CgroupMount {
  std::string point, root;
};

CgroupMount FindMount(const std::string& type, const std::string& controller) {
  for (const std::string& line : LinesOf("/proc/self/mountinfo")) {
    const size_t dash = line.find(" - ");
    if (dash == std::string::npos) continue;
    std::istringstream before(line.substr(0, dash)), behind(line.substr(dash + 3));
    std::string skipped, root, point, found_type, source, options;
    before >> skipped >> skipped >> skipped >> root >> point;
    behind >> found_type >> source >> options;
    if (found_type == type && (controller.empty() || Lists(options, controller))) return {point, root};
  }
  return {};
}

// The folder of this process's group, or "" where the hierarchy is not mounted.
std::string OwnFolder(const std::string& type, const std::string& controller) {
  const CgroupMount mount = FindMount(type, controller);
  std::string path = PathInHierarchy(controller);
  if (mount.point.empty() || path.empty()) return "";
  if (mount.root != "/" && path.starts_with(mount.root)) path.erase(0, mount.root.size());
  return mount.point + (path == "/" ? "" : path);
}

// "major:minor" of the whole disk that holds the file, since partitions cannot be limited.
std::string DiskOf(const std::string& path) {
  struct stat file {};
  if (::stat(path.c_str(), &file) != 0) throw RunError("{}: {}", path, std::strerror(errno));
  const std::string device = Format("{}:{}", major(file.st_dev), minor(file.st_dev));
  std::error_code error;
  const fs::path folder = fs::canonical("/sys/dev/block/" + device, error);
  if (error) throw RunError("{}: lies on device {}, which is no disk of its own", path, device);
  if (!fs::exists(folder / "partition", error)) return device;
  const std::vector<std::string> whole = LinesOf((folder.parent_path() / "dev").string());
  if (whole.empty()) throw RunError("{}: the disk of partition {} is not known", path, device);
  return whole.front();
}

// Killed processes leave their groups behind; rmdir refuses one that is in use.
void RemoveGroupsOfDeadProcesses(const std::string& parent) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with(kPrefix)) continue;
    pid_t pid = 0;
    std::from_chars(name.data() + std::strlen(kPrefix), name.data() + name.size(), pid);
    if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) ::rmdir(entry.path().c_str());
  }
}

}  // namespace

DiskLimit::DiskLimit(const std::string& path, const Limits& limits) : limits_(limits), disk_(DiskOf(path)) {
  parent_ = OwnFolder("cgroup", "blkio");
  version_ = parent_.empty() ? 2 : 1;
  if (version_ == 2) parent_ = OwnFolder("cgroup2", "");
  if (parent_.empty()) throw RunError("no cgroup with limits of disks is mounted");
  RemoveGroupsOfDeadProcesses(parent_);
  folder_ = Format("{}/{}{}-disk", parent_, kPrefix, ::getpid());
  if (::mkdir(folder_.c_str(), 0755) != 0) throw RunError("{}: {}", folder_, std::strerror(errno));
  try {
    SetLimits();
  } catch (const RunError&) {
    ::rmdir(folder_.c_str());
    throw;
  }
}

DiskLimit::~DiskLimit() {
  try {
    Leave();
  } catch (const RunError&) {  // the group goes with this process
  }
  ::rmdir(folder_.c_str());
}

void DiskLimit::SetLimits() {
  const auto limit = [](int64_t value) { return value > 0 ? std::to_string(value) : std::string("max"); };
  if (version_ == 2) {
    // The file exists only where the group above delegates the controller, which is not ours to change.
    WriteTo(folder_ + "/io.max",
            Format("{} riops={} rbps={}", disk_, limit(limits_.reads_per_s), limit(limits_.bytes_per_s)));
    return;
  }
  const auto set = [&](const char* file, int64_t value) {
    if (value > 0) WriteTo(Format("{}/blkio.throttle.{}", folder_, file), Format("{} {}", disk_, value));
  };
  set("read_iops_device", limits_.reads_per_s);
  set("read_bps_device", limits_.bytes_per_s);
}

std::string DiskLimit::WhyNot(const std::string& path) {
  try {
    DiskLimit limit(path, {.reads_per_s = 1'000'000'000});
    limit.Enter();
    limit.Leave();
    return "";
  } catch (const RunError& error) {
    return error.what();
  }
}

void DiskLimit::Enter() {
  if (entered_) return;
  WriteTo(folder_ + kMembers, std::to_string(::getpid()));
  entered_ = true;
}

void DiskLimit::Leave() {
  if (!entered_) return;
  WriteTo(parent_ + kMembers, std::to_string(::getpid()));
  entered_ = false;
}

std::string DiskLimit::Describe() const {
  std::string text = version_ == 2 ? "io.max (cgroup v2):" : "blkio.throttle (cgroup v1):";
  if (limits_.reads_per_s > 0) text += Format(" {} reads/s", limits_.reads_per_s);
  if (limits_.bytes_per_s > 0) text += Format(" {} bytes/s", limits_.bytes_per_s);
  return text + " from " + disk_;
}

}  // namespace plelab
