#include "model/devices/throttled_file.h"

#include <mutex>
#include <utility>
#include <vector>

#include "model/devices/device_queue.h"

namespace plelab {
namespace {

class ThrottledCompletion : public Completion {
 public:
  // done_at_ns: [ranges], when the modelled device is done with each.
  ThrottledCompletion(std::unique_ptr<Completion> real, std::vector<int64_t> done_at_ns, DeviceClock& clock)
      : real_(std::move(real)), done_at_ns_(std::move(done_at_ns)), clock_(clock) {}

  std::span<const std::byte> Wait(size_t index) override {
    const auto bytes = real_->Wait(index);
    clock_.SleepUntil(done_at_ns_.at(index));
    return bytes;
  }

 private:
  std::unique_ptr<Completion> real_;
  std::vector<int64_t> done_at_ns_;
  DeviceClock& clock_;
};

class ThrottledFile : public RandomAccessFile {
 public:
  ThrottledFile(std::unique_ptr<RandomAccessFile> file, const DeviceProfile& profile, uint64_t seed,
                DeviceClock& clock)
      : file_(std::move(file)), clock_(clock), queue_(profile, seed) {}

  void Read(int64_t offset, std::span<std::byte> out) override {
    const ReadRange range{offset, std::ssize(out)};
    const int64_t done_at_ns = DoneAt({&range, 1}).front();
    file_->Read(offset, out);
    clock_.SleepUntil(done_at_ns);
  }
  std::unique_ptr<Completion> Submit(std::span<const ReadRange> ranges) override {
    std::vector<int64_t> done_at_ns = DoneAt(ranges);
    return std::make_unique<ThrottledCompletion>(file_->Submit(ranges), std::move(done_at_ns), clock_);
  }
  bool reads_by_itself() const override { return true; }
  void ReleasePages() override { file_->ReleasePages(); }
  bool bypasses_page_cache() const override { return file_->bypasses_page_cache(); }
  int64_t size_bytes() const override { return file_->size_bytes(); }
  const std::string& path() const override { return file_->path(); }
  IoCounters counters() const override { return file_->counters(); }

 private:
  std::vector<int64_t> DoneAt(std::span<const ReadRange> ranges) {
    const std::lock_guard lock(mutex_);
    const int64_t now_ns = clock_.NowNs();
    std::vector<int64_t> done_at_ns;
    done_at_ns.reserve(ranges.size());
    for (const ReadRange& range : ranges) done_at_ns.push_back(queue_.Done(now_ns, range.size_bytes));
    return done_at_ns;
  }

  std::unique_ptr<RandomAccessFile> file_;
  DeviceClock& clock_;
  std::mutex mutex_;
  DeviceQueue queue_;  // guarded by mutex_
};

}  // namespace

std::unique_ptr<RandomAccessFile> Throttled(std::unique_ptr<RandomAccessFile> file,
                                            const DeviceProfile& profile, uint64_t seed, DeviceClock& clock) {
  return std::make_unique<ThrottledFile>(std::move(file), profile, seed, clock);
}

}  // namespace plelab
