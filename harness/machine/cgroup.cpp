#include "harness/machine/cgroup.h"

#include <algorithm>
#include <filesystem>

#include "harness/support/system_files.h"
#include "model/base/format.h"

namespace plelab {
namespace {

constexpr int64_t kNoLimitV1 = int64_t{1} << 62;  // v1 writes "no limit" as a number just below 2^63

bool Lists(const std::string& comma_separated, const std::string& name) {
  return ("," + comma_separated + ",").find("," + name + ",") != std::string::npos;
}

// `path` is relative to the hierarchy's root, but only a folder of it may be mounted (in a container).
std::string FolderOf(const Mount& mount, const std::string& path) {
  std::string below = path;
  if (mount.root != "/" && below.starts_with(mount.root)) below.erase(0, mount.root.size());
  if (below == "/") below.clear();
  return mount.point + below;
}

// Calls f(folder) for the group and every group above it.
template <class F>
void ForEachAncestor(const Cgroup& group, F f) {
  std::filesystem::path folder = group.folder;
  while (true) {
    f(folder.string());
    if (folder == group.mount || !folder.has_relative_path()) return;
    folder = folder.parent_path();
  }
}

template <class T>
void KeepTightest(std::optional<T>& limit, std::optional<T> candidate) {
  if (candidate && (!limit || *candidate < *limit)) limit = candidate;
}

}  // namespace

std::optional<double> CpuLimitOf(int version, const std::string& folder) {
  std::string quota_text, period_text;
  if (version == 2) {
    const std::vector<std::string> words = Words(ReadSystemFile(folder + "/cpu.max"));
    if (words.size() == 2) quota_text = words[0], period_text = words[1];
  } else {
    quota_text = ReadSystemFile(folder + "/cpu.cfs_quota_us");
    period_text = ReadSystemFile(folder + "/cpu.cfs_period_us");
  }
  const auto quota = LeadingNumber(quota_text), period = LeadingNumber(period_text);
  if (!quota || !period || *quota <= 0 || *period <= 0) return std::nullopt;
  return *quota / *period;
}

std::optional<Cgroup> FindCgroup(const std::string& controller, const std::string& proc_cgroup,
                                 const std::vector<Mount>& mounts) {
  std::optional<Cgroup> found;
  for (const std::string& line : Lines(proc_cgroup)) {  // id:controllers:path; v2 has id 0 and no controllers
    const size_t first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    const std::string path = line.substr(second + 1);
    const int version = controllers.empty() ? 2 : 1;
    if (version == 1 && !Lists(controllers, controller)) continue;
    if (version == 2 && found) continue;
    for (const Mount& mount : mounts) {
      const bool fits = version == 2 ? mount.type == "cgroup2"
                                     : mount.type == "cgroup" && Lists(mount.super_options, controller);
      if (fits) found = Cgroup{version, FolderOf(mount, path), mount.point};
    }
  }
  return found;
}

std::optional<Cgroup> FindCgroup(const std::string& controller) {
  return FindCgroup(controller, ReadSystemFile("/proc/self/cgroup"), ReadMounts());
}

std::optional<int64_t> MemoryLimitBytes() {
  std::optional<int64_t> limit;
  const auto group = FindCgroup("memory");
  if (!group) return limit;
  ForEachAncestor(*group, [&](const std::string& folder) {
    const char* file = group->version == 2 ? "/memory.max" : "/memory.limit_in_bytes";
    KeepTightest(limit, ReadSystemNumber(folder + file));
  });
  return limit && *limit < kNoLimitV1 ? limit : std::nullopt;
}

std::optional<double> CpuLimitCores() {
  std::optional<double> limit;
  const auto group = FindCgroup("cpu");
  if (!group) return limit;
  ForEachAncestor(
      *group, [&](const std::string& folder) { KeepTightest(limit, CpuLimitOf(group->version, folder)); });
  return limit;
}

std::string DescribeCgroup() {
  const auto group = FindCgroup("memory");
  if (!group) return "none";
  const auto memory = MemoryLimitBytes();
  const auto cpu = CpuLimitCores();
  return Format("v{}, {}, {}", group->version,
                memory ? Format("memory limit {} bytes", *memory) : "no memory limit",
                cpu ? Format("cpu limit {} cores", *cpu) : "no cpu limit");
}

}  // namespace plelab
