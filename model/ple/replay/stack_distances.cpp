#include "model/ple/replay/stack_distances.h"

#include <utility>

namespace plelab {
namespace {

constexpr int64_t kFanOut = 64;

// Subtracts 1 from those of 64 counts that stand after `index`.  All are touched, because a loop of fixed
// length becomes a few vector instructions, and one that ends anywhere is a branch that no processor
// foresees.
template <class T>
void DecrementAfter(T* counts, int64_t index) {
  const auto last = static_cast<T>(index);
  for (T i = 0; i < static_cast<T>(kFanOut); ++i) counts[i] = static_cast<T>(counts[i] - (i > last ? 1 : 0));
}

// std::popcount is a call where the instruction cannot be taken for granted.
int64_t CountOnes(uint64_t bits) {
  bits -= (bits >> 1) & 0x5555555555555555;
  bits = (bits & 0x3333333333333333) + ((bits >> 2) & 0x3333333333333333);
  bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0f;
  return static_cast<int64_t>(bits * 0x0101010101010101 >> 56);
}

// Marks at times 0, 1, 2, …, of which any may be cleared later.  Counts those after a given time in a few
// steps: each word of 64 times, each block of 64 words and each chapter of 64 blocks knows how many marks are
// before it in the block, in the chapter and at all.
class Marks {
 public:
  static constexpr int64_t kLeast = kFanOut * kFanOut * kFanOut;

  // times: how many there will be, a multiple of kLeast.
  explicit Marks(int64_t times)
      : words_(times / kFanOut),
        before_word_(words_.size()),
        before_block_(words_.size() / kFanOut),
        before_chapter_(before_block_.size() / kFanOut) {}

  int64_t room() const { return std::ssize(words_) * kFanOut - times_; }
  int64_t times() const { return times_; }
  int64_t count() const { return count_; }
  bool Has(int64_t time) const { return (words_[time / kFanOut] >> (time % kFanOut) & 1) != 0; }

  // Marks the next time, which it returns.  REQUIRES room() > 0.
  int64_t Add() {
    if (times_ % kFanOut == 0) BeginWord(times_ / kFanOut);
    words_[times_ / kFanOut] |= uint64_t{1} << (times_ % kFanOut);
    ++count_;
    return times_++;
  }

  // REQUIRES Has(time).
  void Clear(int64_t time) {
    const int64_t word = time / kFanOut, block = word / kFanOut, chapter = block / kFanOut;
    words_[word] ^= uint64_t{1} << (time % kFanOut);
    DecrementAfter(&before_word_[block * kFanOut], word % kFanOut);
    DecrementAfter(&before_block_[chapter * kFanOut], block % kFanOut);
    for (size_t later = static_cast<size_t>(chapter) + 1; later < before_chapter_.size(); ++later) {
      --before_chapter_[later];
    }
    --count_;
  }

  int64_t CountAfter(int64_t time) const {
    const int64_t word = time / kFanOut, block = word / kFanOut, chapter = block / kFanOut;
    const int64_t before = before_chapter_[chapter] + before_block_[block] + before_word_[word];
    return count_ - before - CountOnes(words_[word] << (kFanOut - 1 - time % kFanOut));
  }

 private:
  // All marks are before this word.  What stood there, of times that had not come, is worth nothing.
  void BeginWord(int64_t word) {
    const int64_t block = word / kFanOut, chapter = block / kFanOut;
    if (word % (kFanOut * kFanOut) == 0) before_chapter_[chapter] = static_cast<int32_t>(count_);
    if (word % kFanOut == 0) before_block_[block] = static_cast<int32_t>(count_ - before_chapter_[chapter]);
    before_word_[word] = static_cast<uint16_t>(count_ - before_chapter_[chapter] - before_block_[block]);
  }

  std::vector<uint64_t> words_;
  std::vector<uint16_t> before_word_;
  std::vector<int32_t> before_block_, before_chapter_;
  int64_t times_ = 0, count_ = 0;
};

// The rows in the order of their last use.  Each has a mark at the time of that use, so that the marks after
// it are the rows that were used since.  Times are counted anew when the marks are full, so that their number
// follows the number of distinct rows and not the length of the stream.
class UseOrder {
 public:
  explicit UseOrder(int64_t vocab)
      : last_use_(vocab, kNever), marks_(Marks::kLeast), row_at_(Marks::kLeast) {}

  // Returns the stack distance of this use.
  int32_t Use(int64_t row) {
    if (marks_.room() == 0) Renumber();
    const int32_t before = last_use_[row];
    int32_t distance = 0;
    if (before != kNever) {
      distance = static_cast<int32_t>(marks_.CountAfter(before) + 1);
      marks_.Clear(before);
    }
    Mark(static_cast<int32_t>(row));
    return distance;
  }

 private:
  static constexpr int32_t kNever = -1;

  void Mark(int32_t row) {
    const int64_t time = marks_.Add();
    last_use_[row] = static_cast<int32_t>(time);
    row_at_[time] = row;
  }

  // Leaves out the times that have no mark any more.
  void Renumber() {
    const Marks old = std::exchange(
        marks_, Marks(marks_.count() > marks_.times() / 4 ? 2 * marks_.times() : marks_.times()));
    const std::vector<int32_t> rows = std::exchange(row_at_, std::vector<int32_t>(marks_.room()));
    for (int64_t time = 0; time < old.times(); ++time) {
      if (old.Has(time)) Mark(rows[time]);
    }
  }

  std::vector<int32_t> last_use_;  // [vocab]
  Marks marks_;
  std::vector<int32_t> row_at_;  // the row that was used at each time
};

}  // namespace

std::vector<int32_t> StackDistances(std::span<const int64_t> rows, int64_t vocab) {
  UseOrder order(vocab);
  std::vector<int32_t> distances;
  distances.reserve(rows.size());
  for (const int64_t row : rows) distances.push_back(order.Use(row));
  return distances;
}

std::vector<int64_t> LruHitsByCapacity(std::span<const int64_t> rows, int64_t vocab) {
  std::vector<int64_t> hits(1);
  for (const int32_t distance : StackDistances(rows, vocab)) {
    if (distance == 0) {
      hits.push_back(0);  // one more distinct row
    } else {
      ++hits[distance];
    }
  }
  for (size_t c = 1; c < hits.size(); ++c) hits[c] += hits[c - 1];
  return hits;
}

}  // namespace plelab
