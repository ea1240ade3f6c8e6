#include "model/io/uring_queue.h"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>
#include <utility>

#include "model/base/error.h"
#include "model/base/format.h"
#include "model/io/registered_memory.h"

namespace plelab {
namespace {

std::string ErrorText(int error) { return std::system_category().message(error); }

unsigned SetupFlags(const UringOptions& options) {
  switch (options.polling) {
    case UringOptions::Polling::kInterrupt:
      return 0;
    case UringOptions::Polling::kIo:
      return IORING_SETUP_IOPOLL;
    case UringOptions::Polling::kSubmission:
      return IORING_SETUP_SQPOLL;
  }
  throw RunError("no such polling");
}

// −errno, or 0 when the ring is there.
int MakeRing(const UringOptions& options, io_uring& ring) {
  io_uring_params params = {};
  params.flags = SetupFlags(options);
  params.sq_thread_idle = 50;  // ms without work until the kernel's thread sleeps
  return io_uring_queue_init_params(static_cast<unsigned>(options.queue_depth), &ring, &params);
}

std::string WhyForbidden(int error) {
  int disabled = 0;
  std::ifstream("/proc/sys/kernel/io_uring_disabled") >> disabled;
  return Format("io_uring cannot be used here: {}{}", ErrorText(error),
                disabled > 0 ? Format(" (kernel.io_uring_disabled is {})", disabled) : "");
}

}  // namespace

std::string WhyNoUring() {
  io_uring ring = {};
  const int error = -MakeRing({.queue_depth = 1}, ring);
  if (error != 0) return WhyForbidden(error);
  io_uring_queue_exit(&ring);
  return "";
}

UringQueue::UringQueue(const FileDescriptor& file, int64_t alignment, const UringOptions& options,
                       RegisteredMemory* memory, UringFault fault)
    : file_(file), alignment_(alignment), options_(options), fault_(std::move(fault)) {
  int error = -MakeRing(options, ring_);
  if (error != 0) throw UserError("{}: {}; use 'backend: direct'", file.path(), WhyForbidden(error));
  const int descriptor = file.get();
  error = -io_uring_register_files(&ring_, &descriptor, 1);
  if (error != 0) {
    io_uring_queue_exit(&ring_);
    throw UserError("{}: io_uring does not take this file: {}; use 'backend: direct'", file.path(),
                    ErrorText(error));
  }
  if (memory == nullptr || memory->size_bytes() == 0) return;
  const iovec known = {memory->data(), static_cast<size_t>(memory->size_bytes())};
  // A limit on locked memory forbids it; reads then name their memory each time.
  if (io_uring_register_buffers(&ring_, &known, 1) == 0) memory_ = memory;
}

UringQueue::~UringQueue() { io_uring_queue_exit(&ring_); }

void UringQueue::Submit(std::span<UringRead> reads) {
  const std::lock_guard lock(mutex_);
  for (UringRead& read : reads) {
    if (!read.is_done) waiting_.push_back(&read);
  }
  Start();
}

void UringQueue::Finish(UringRead& read) {
  const std::lock_guard lock(mutex_);
  while (!read.is_done) Reap();
}

// Nothing here throws but a ring that gives no answers any more: then the memory must not be freed, and
// ending the program is all that is left.
void UringQueue::Drop(std::span<UringRead> reads) noexcept {
  const std::lock_guard lock(mutex_);
  const auto is_ours = [&](const UringRead* read) {
    return read >= reads.data() && read < reads.data() + reads.size();
  };
  std::erase_if(waiting_, is_ours);
  while (std::ranges::any_of(reads, &UringRead::is_in_flight)) {
    Reap();
    std::erase_if(waiting_, is_ours);  // the rest of a read that came back short
  }
}

// The caller holds the mutex.
void UringQueue::Start() {
  while (refused_ == 0 && in_flight_ < options_.queue_depth && !waiting_.empty()) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (entry == nullptr) break;  // the kernel's thread has not taken the last ones yet
    Prepare(*waiting_.front(), *entry);
    waiting_.pop_front();
  }
  HandOver();
}

void UringQueue::Prepare(UringRead& read, io_uring_sqe& entry) {
  std::byte* to = read.to + read.found;
  const auto size = static_cast<unsigned>(std::min<int64_t>(read.size - read.found, int64_t{1} << 30));
  const auto offset = static_cast<uint64_t>(read.offset + read.found);
  if (memory_ != nullptr && memory_->Holds(to)) {
    io_uring_prep_read_fixed(&entry, 0, to, size, offset, 0);
  } else {
    io_uring_prep_read(&entry, 0, to, size, offset);
  }
  entry.flags |= IOSQE_FIXED_FILE;
  io_uring_sqe_set_data(&entry, &read);
  read.is_in_flight = true;
  ++in_flight_;
  prepared_.push_back(&read);
}

// The kernel may take some of the prepared reads only; the others are handed over at the next wait.
void UringQueue::HandOver() {
  if (refused_ != 0) return Refuse(refused_);
  if (prepared_.empty()) return;
  const int taken = io_uring_submit(&ring_);
  if (options_.polling == UringOptions::Polling::kSubmission && taken >= 0) return prepared_.clear();
  for (int i = 0; i < taken; ++i) prepared_.pop_front();
  const bool later = taken >= 0 || taken == -EAGAIN || taken == -EBUSY || taken == -EINTR;
  if (!later) Refuse(-taken);
}

// Ends what the kernel does not have.  Entries of the ring still name these reads, so none is handed over
// again.
void UringQueue::Refuse(int error) {
  refused_ = error;
  for (std::deque<UringRead*>* reads : {&prepared_, &waiting_}) {
    for (UringRead* read : *reads) {
      if (read->is_in_flight) --in_flight_;
      read->is_in_flight = false;
      read->is_done = true;
      read->error = error;
    }
    reads->clear();
  }
}

// Hands over what is prepared, blocks until at least one read has ended, and takes all answers that are
// there. The caller holds the mutex.
void UringQueue::Reap() {
  Start();
  if (in_flight_ == std::ssize(prepared_)) {  // the kernel has none: it is short of memory, or was refused
    ::usleep(50);
    return;
  }
  io_uring_cqe* first = nullptr;
  const int waited = io_uring_wait_cqe(&ring_, &first);
  if (waited == -EINTR || waited == -EAGAIN) return;
  if (waited < 0) throw RunError("{}: io_uring gives no answer: {}", file_.path(), ErrorText(-waited));
  std::array<io_uring_cqe*, 64> answers;
  const unsigned count = io_uring_peek_batch_cqe(&ring_, answers.data(), answers.size());
  for (unsigned i = 0; i < count; ++i) {
    Answer(*static_cast<UringRead*>(io_uring_cqe_get_data(answers[i])), answers[i]->res);
  }
  io_uring_cq_advance(&ring_, count);
  Start();
}

void UringQueue::Answer(UringRead& read, UringAnswer answer) {
  --in_flight_;
  read.is_in_flight = false;
  if (fault_) answer = fault_(read.offset + read.found, answer);
  const bool again = answer == -EINTR || answer == -EAGAIN;
  if (answer > 0) read.found += answer;
  if (answer < 0 && !again) read.error = -answer;
  // Part of a block is the end of the file: a read from there on would not be aligned.
  const bool ended = answer == 0 || read.error != 0 || (answer > 0 && read.found % alignment_ != 0);
  read.is_done = ended || read.found >= read.needed;
  if (!read.is_done) waiting_.push_front(&read);
}

}  // namespace plelab
