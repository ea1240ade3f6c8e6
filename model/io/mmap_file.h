// Reads through a mapping (mmap): page faults load the bytes, with the kernel's own read-around unless the
// advice is against it.
#pragma once

#include "model/base/file_descriptor.h"
#include "model/io/random_access_file.h"

namespace plelab {

// Pages stay mapped once they were read, as in any program that maps a file: resident memory grows, and a
// second read of a page costs no fault.
class MmapFile : public RandomAccessFile {
 public:
  // Throws UserError when the file cannot be opened, RunError when the kernel refuses to map it.
  MmapFile(const std::string& path, IoAdvice advice);
  ~MmapFile() override;

  void Read(int64_t offset, std::span<std::byte> out) override;
  void ReleasePages() override;
  int64_t size_bytes() const override { return file_.size_bytes(); }
  const std::string& path() const override { return file_.path(); }
  IoCounters counters() const override { return counters_.Load(); }

 private:
  int64_t Copy(int64_t offset, std::span<std::byte> out) const;

  FileDescriptor file_;
  std::byte* mapping_ = nullptr;
  AtomicIoCounters counters_;
};

}  // namespace plelab
