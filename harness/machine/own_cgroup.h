// A memory cgroup of this process's own (v1 or v2): to count what it uses, or to limit it.
#pragma once

#include <string>

namespace plelab {

// The group is made below the one that the process is in, so that the limits there still apply; no existing
// group is changed.  It is called plelab-PID, or plelab-PID-NAME.  Groups that killed processes have left are
// removed when the next one is made.
class OwnCgroup {
 public:
  // Makes the group, without entering it.  Where a process has entered it and then started the same program
  // anew (execve), the group that it is in already is taken over.
  // Throws RunError with the reason where no group can be made.
  explicit OwnCgroup(const std::string& name = "");
  // Leaves and removes the group.  That fails while a child of this process is in it; then the next OwnCgroup
  // removes it.
  ~OwnCgroup();
  OwnCgroup(const OwnCgroup&) = delete;
  OwnCgroup& operator=(const OwnCgroup&) = delete;

  // Moves this process, with all its threads, into the group or back to where it was.  The kernel charges
  // memory and page cache to the group of whoever touches or reads it first and moves no older charge.
  // Throws RunError.
  void Enter();
  void Leave();
  bool entered() const { return entered_; }

  int version() const { return version_; }  // 1 or 2
  // A file of the group: PathOf("memory.stat").
  std::string PathOf(const std::string& file) const { return folder_ + "/" + file; }
  // Throws RunError.
  void Write(const std::string& file, const std::string& text) const;

 private:
  int version_ = 0;
  std::string folder_, parent_;
  bool entered_ = false;
};

}  // namespace plelab
