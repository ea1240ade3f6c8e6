// pread: copies through the kernel's page cache.
#pragma once

#include "model/io/atomic_io_counters.h"
#include "model/io/file_descriptor.h"
#include "model/io/random_access_file.h"

namespace plelab {

class PreadFile : public RandomAccessFile {
 public:
  explicit PreadFile(const std::string& path) : file_(path, 0) {}

  void Read(int64_t offset, std::span<std::byte> out) override;
  int64_t size_bytes() const override { return file_.size_when_opened(); }
  const std::string& path() const override { return file_.path(); }
  IoCounters counters() const override { return counters_.Load(); }

 private:
  FileDescriptor file_;
  AtomicIoCounters counters_;
};

}  // namespace plelab
