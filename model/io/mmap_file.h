// Reads through a mapping (mmap): page faults load the bytes, with the kernel's own read-around unless the
// advice is against it.
#pragma once

#include <mutex>

#include "model/base/file_descriptor.h"
#include "model/io/random_access_file.h"

namespace plelab {

// Pages stay mapped once they were read, as in any program that maps a file: resident memory grows, and a
// second read of a page costs no fault.  With a budget they are unmapped before more than that can be mapped;
// they stay in the page cache, which is not this process's memory.
class MmapFile : public RandomAccessFile {
 public:
  // mapped_bytes: the budget, at least kLeastBudgetBytes; 0: none.  Throws UserError when the file cannot be
  // opened or the budget is too small, RunError when the kernel refuses to map it.
  explicit MmapFile(const std::string& path, IoAdvice advice = IoAdvice::kNormal, int64_t mapped_bytes = 0);
  static constexpr int64_t kLeastBudgetBytes = 16 * 1024 * 1024;
  ~MmapFile() override;

  void Read(int64_t offset, std::span<std::byte> out) override;
  void ReleasePages() override;
  void Trim() override;
  int64_t size_bytes() const override { return file_.size_bytes(); }
  const std::string& path() const override { return file_.path(); }
  IoCounters counters() const override { return counters_.Load(); }

 private:
  int64_t Copy(int64_t offset, std::span<std::byte> out) const;
  void ReadWithinBudget(int64_t offset, std::span<std::byte> out);
  void Unmap();  // the caller holds the mutex
  void CopyOrThrow(int64_t offset, std::span<std::byte> out);

  FileDescriptor file_;
  std::byte* mapping_ = nullptr;
  AtomicIoCounters counters_;
  int64_t budget_bytes_;
  // No less than what is mapped.  Reads of several threads share the budget, so that none unmaps pages which
  // another has just counted.
  std::mutex mutex_;
  int64_t mapped_at_most_ = 0;  // guarded by mutex_
};

}  // namespace plelab
