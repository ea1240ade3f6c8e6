#include "harness/storage/settle.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "harness/storage/storage.h"
#include "harness/support/timer.h"

namespace plelab {
namespace {

constexpr int kInFlightField = 8;  // counted from 0

}  // namespace

int64_t RequestsInFlight(std::string_view stat) {
  for (int field = 0;; ++field) {
    const size_t begin = stat.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return 0;
    stat.remove_prefix(begin);
    const size_t end = std::min(stat.find_first_of(" \t\n"), stat.size());
    if (field == kInFlightField) {
      int64_t requests = 0;
      std::from_chars(stat.data(), stat.data() + end, requests);
      return requests;
    }
    stat.remove_prefix(end);
  }
}

// The file stays open, because it is read before every turn; each pread makes its text anew.
DiskQueue::DiskQueue(const std::string& path_of_file) {
  const std::string disk = DiskFolderOf(path_of_file);
  if (!disk.empty()) fd_ = ::open((disk + "/stat").c_str(), O_RDONLY | O_CLOEXEC);
}

DiskQueue::~DiskQueue() {
  if (fd_ >= 0) ::close(fd_);
}

int64_t DiskQueue::in_flight() const {
  char text[512];
  const ssize_t size = fd_ < 0 ? 0 : ::pread(fd_, text, sizeof text, 0);
  return size <= 0 ? 0 : RequestsInFlight({text, static_cast<size_t>(size)});
}

bool Settler::Settle(const std::function<void()>& prepare) const {
  if (gap_ns_ <= 0) {
    if (prepare) prepare();
    return true;
  }
  bool idle = in_flight_() == 0;
  for (const Timer waited; !idle && waited.ns() < kMostSettleNs;) idle = in_flight_() == 0;
  if (prepare) prepare();
  for (const Timer gap; gap.ns() < gap_ns_;) {
  }
  return idle;
}

Settler SettlerFor(int64_t gap_ns, const std::set<std::string>& files) {
  std::map<std::string, std::shared_ptr<DiskQueue>> queues;  // by disk
  for (const std::string& file : files) {
    std::shared_ptr<DiskQueue>& queue = queues[DiskFolderOf(file)];
    if (!queue) queue = std::make_shared<DiskQueue>(file);
  }
  return {gap_ns, [queues] {
            int64_t requests = 0;
            for (const auto& [disk, queue] : queues) requests += queue->in_flight();
            return requests;
          }};
}

}  // namespace plelab
