// The kernel's own limit of reads from a disk, for this process: a real device made slower without a model.
#pragma once

#include <cstdint>
#include <string>

namespace plelab {

// A cgroup of this process's own below the one that it is in, with blkio.throttle.read_iops_device and
// read_bps_device (v1) or io.max (v2).  No existing group is changed.  It is called plelab-PID-disk.
class DiskLimit {
 public:
  struct Limits {
    int64_t reads_per_s = 0;  // 0: no limit
    int64_t bytes_per_s = 0;  // 0: no limit
  };

  // Makes the group, without entering it: the disk is the one that holds the file `path`.  Throws RunError
  // with the reason where that is not permitted here, and where the file lies on no disk of its own (tmpfs).
  DiskLimit(const std::string& path, const Limits& limits);
  // Leaves and removes the group.
  ~DiskLimit();
  DiskLimit(const DiskLimit&) = delete;
  DiskLimit& operator=(const DiskLimit&) = delete;

  // Why no limit can be set on the disk of `path` here; "" where it can.  Tries it.
  static std::string WhyNot(const std::string& path);

  // Moves this process, with all its threads, into the group or back to where it was.  Throw RunError.
  void Enter();
  void Leave();

  // "blkio.throttle (cgroup v1): 1000 reads/s from 254:0", for what a run says about its device.
  std::string Describe() const;

 private:
  void SetLimits();

  Limits limits_;
  std::string disk_;  // "254:0"
  int version_ = 0;   // of cgroups: 1 or 2
  std::string parent_, folder_;
  bool entered_ = false;
};

}  // namespace plelab
