#include "harness/measure/read_timing.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <latch>
#include <mutex>
#include <thread>

#include "harness/storage/kernel_reads.h"
#include "harness/support/timer.h"

namespace plelab {

ReadTimer::ReadTimer(RandomAccessFile& file, int64_t readers, uint64_t seed)
    : file_(file),
      buffers_(static_cast<size_t>(readers), Buffer(static_cast<size_t>(kReadPieceBytes))),
      random_(seed) {}

void ReadTimer::PlaceRange(int64_t bytes, std::vector<Piece>& pieces) {
  if (bytes <= kReadPieceBytes) {
    const int64_t places = file_.size_bytes() / bytes;
    pieces.push_back({static_cast<int64_t>(random_() % static_cast<uint64_t>(places)) * bytes, bytes});
    return;
  }
  for (int64_t left = bytes; left > 0; left -= kReadPieceBytes) {
    const int64_t piece = std::min(left, kReadPieceBytes);
    if (cursor_ + piece > file_.size_bytes()) cursor_ = 0;
    pieces.push_back({cursor_, piece});
    cursor_ += piece;
  }
}

void ReadTimer::ReadPiece(const Piece& piece, Buffer& buffer) {
  file_.Read(piece.offset, std::span(buffer).first(static_cast<size_t>(piece.bytes)));
}

TokenTime ReadTimer::TimeToken(const TokenReads& token) {
  std::vector<Piece> pieces;
  for (const RangeGroup& group : token.ranges) {
    for (int64_t i = 0; i < group.count; ++i) PlaceRange(group.bytes, pieces);
  }
  const int64_t calls_before = file_.counters().read_calls;
  const KernelReads reads;
  TokenTime time;
  if (pieces.size() == 1) {
    const Timer timer;
    ReadPiece(pieces.front(), buffers_.front());
    time.ns = timer.ns();
  } else {
    time.ns = ReadTogetherNs(pieces);
  }
  time.bytes_moved = reads.bytes();
  time.read_calls = file_.counters().read_calls - calls_before;
  return time;
}

// The threads wait for a common start, so that their creation is not timed.
int64_t ReadTimer::ReadTogetherNs(const std::vector<Piece>& pieces) {
  const auto readers = static_cast<std::ptrdiff_t>(std::min(buffers_.size(), pieces.size()));
  std::latch ready(readers), start(1), done(readers);
  std::atomic<size_t> next = 0;
  std::mutex mutex;
  std::exception_ptr error;  // guarded by mutex
  const auto read = [&](Buffer& buffer) {
    ready.count_down();
    start.wait();
    try {
      for (size_t i = next++; i < pieces.size(); i = next++) ReadPiece(pieces[i], buffer);
    } catch (...) {
      const std::lock_guard lock(mutex);
      error = std::current_exception();
    }
    done.count_down();
  };
  std::vector<std::jthread> threads;
  for (std::ptrdiff_t i = 0; i < readers; ++i) threads.emplace_back([&, i] { read(buffers_[i]); });
  ready.wait();
  const Timer timer;
  start.count_down();
  done.wait();
  const int64_t ns = timer.ns();
  threads.clear();
  if (error) std::rethrow_exception(error);
  return ns;
}

}  // namespace plelab
