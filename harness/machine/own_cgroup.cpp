#include "harness/machine/own_cgroup.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <filesystem>

#include "harness/machine/cgroup.h"
#include "harness/support/system_files.h"
#include "model/base/error.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

constexpr char kGroupPrefix[] = "plelab-";
constexpr char kMembers[] = "cgroup.procs";

void WriteGroupFile(const std::string& path, const std::string& text) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (fd < 0) throw RunError("{}: {}", path, std::strerror(errno));
  const bool written = ::write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  const int reason = errno;
  ::close(fd);
  if (!written) throw RunError("{}: {}", path, std::strerror(reason));
}

// The process whose group is called that; 0 for a group that is not ours.
pid_t OwnerOf(const std::string& name) {
  if (!name.starts_with(kGroupPrefix)) return 0;
  const char* const begin = name.data() + std::strlen(kGroupPrefix);
  const char* const end = name.data() + name.size();
  pid_t pid = 0;
  const auto [rest, parsed] = std::from_chars(begin, end, pid);
  const bool whole = rest == end || *rest == '-';
  return parsed == std::errc() && whole && pid > 0 ? pid : 0;
}

// rmdir refuses a group that still has a process, so guessing wrong does no harm.
void RemoveGroupsOfDeadProcesses(const std::string& parent) {
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(parent, error)) {
    const pid_t pid = OwnerOf(entry.path().filename());
    if (pid > 0 && ::kill(pid, 0) != 0 && errno == ESRCH) ::rmdir(entry.path().c_str());
  }
}

}  // namespace

OwnCgroup::OwnCgroup(const std::string& name) {
  const auto current = FindCgroup("memory");
  if (!current) throw RunError("no memory cgroup is mounted");
  version_ = current->version;
  const std::string own = kGroupPrefix + std::to_string(::getpid()) + (name.empty() ? "" : "-" + name);
  const fs::path here = current->folder;
  if (here.filename() == own) {
    folder_ = here;
    parent_ = here.parent_path();
    entered_ = true;
    return;
  }
  parent_ = here;
  folder_ = here / own;
  RemoveGroupsOfDeadProcesses(parent_);
  if (::mkdir(folder_.c_str(), 0755) != 0) throw RunError("{}: {}", folder_, std::strerror(errno));
  // v2: the controller exists only if the group above delegates it, which is not ours to change.
  if (::access(PathOf("memory.stat").c_str(), R_OK) == 0) return;
  ::rmdir(folder_.c_str());
  throw RunError("{}: its group does not delegate the memory controller", parent_);
}

OwnCgroup::~OwnCgroup() {
  try {
    Leave();
  } catch (const RunError&) {  // the group is gone with this process
  }
  ::rmdir(folder_.c_str());
}

void OwnCgroup::Enter() {
  if (entered_) return;
  Write(kMembers, std::to_string(::getpid()));
  entered_ = true;
}

void OwnCgroup::Leave() {
  if (!entered_) return;
  WriteGroupFile(parent_ + "/" + kMembers, std::to_string(::getpid()));
  entered_ = false;
}

void OwnCgroup::Write(const std::string& file, const std::string& text) const {
  WriteGroupFile(PathOf(file), text);
}

}  // namespace plelab
