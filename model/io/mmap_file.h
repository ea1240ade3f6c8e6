// Reads through a mapping (mmap): page faults load the bytes, with the kernel's own read-around.
#pragma once

#include "model/base/file_descriptor.h"
#include "model/io/random_access_file.h"

namespace plelab {

// After each copy the pages are unmapped again (they stay in the page cache).  Otherwise resident memory
// would grow to the size of the table, and the kernel would refuse to evict the pages, because it evicts no
// mapped ones.
class MmapFile : public RandomAccessFile {
 public:
  // Throws UserError when the file cannot be opened, RunError when the kernel refuses to map it.
  explicit MmapFile(const std::string& path);
  ~MmapFile() override;

  void Read(int64_t offset, std::span<std::byte> out) override;
  int64_t size_bytes() const override { return file_.size_bytes(); }
  const std::string& path() const override { return file_.path(); }
  IoCounters counters() const override { return counters_.Load(); }

 private:
  int64_t Copy(int64_t offset, std::span<std::byte> out) const;
  void Unmap(const std::byte* from, int64_t size_bytes) const;

  FileDescriptor file_;
  std::byte* mapping_ = nullptr;
  AtomicIoCounters counters_;
};

}  // namespace plelab
