// The central interface: the rows of the per-layer-embedding (PLE) table, wherever they are stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "model/ple/ple_table.h"
#include "model/ple/read_observer.h"

namespace plelab {

// What the rows of a request mean.  Exactly one function of the model, PerLayerInput, interprets it.
enum class PleKind {
  // Rows of the table: the model scales them by √dim and adds them to the projection.
  kRows,
  // Finished per-layer inputs, which need no projection: float32, whatever the table's dtype.
  kFolded,
  // No rows: the per-layer input is the projection alone, unscaled, as in the reference without rows.
  kProjectionOnly,
  // No rows: the model skips the PLE branch.
  kBlockOff,
};

// Cumulative counts.  Lookups are counted per requested id, before deduplication; hits + misses == lookups.
// wait_ns is the exposed wait and hidden_ns the hidden wait.  The counts of one step are the difference of
// two stats().
struct PleStats {
  int64_t lookups = 0;
  int64_t hits = 0;  // answered from memory, without a read
  int64_t misses = 0;
  int64_t read_calls = 0;   // reads issued to storage
  int64_t bytes_asked = 0;  // bytes of rows requested from storage
  int64_t row_bytes = 0;    // bytes of the rows that the lookups read, from memory or from storage
  int64_t read_ns = 0;      // time spent reading, in any thread
  int64_t hidden_ns = 0;    // the part of read_ns during which no caller waited for rows
  int64_t wait_ns =
      0;  // time that callers spent in Expect, Begin and Layer, waiting for rows or gathering them
};

inline PleStats operator-(const PleStats& a, const PleStats& b) {
  return {a.lookups - b.lookups,         a.hits - b.hits,
          a.misses - b.misses,           a.read_calls - b.read_calls,
          a.bytes_asked - b.bytes_asked, a.row_bytes - b.row_bytes,
          a.read_ns - b.read_ns,         a.hidden_ns - b.hidden_ns,
          a.wait_ns - b.wait_ns};
}

inline PleStats operator+(const PleStats& a, const PleStats& b) {
  const PleStats none;
  return a - (none - b);
}

// The rows of one batch of ids, which may still be on their way.  It must not outlive its source.
class PleRequest {
 public:
  virtual ~PleRequest() = default;
  virtual PleKind kind() const { return PleKind::kRows; }
  // Returns [n, dim] of layer `layer` in the table's dtype (float32 for kFolded), in the order of the ids
  // given to Begin, repeats included; an empty span for kProjectionOnly and kBlockOff.  Blocks until the rows
  // are there.  The span stays valid as long as the request lives.
  // Throws RunError naming file, row and offset when a read failed (at every call, not only the first), or
  // when the table has no such layer.
  virtual std::span<const std::byte> Layer(int64_t layer) = 0;
  // One layer's slice of the row at `position` as PleSource::codec() stores it, for a cache that keeps rows
  // packed.  slice_bytes: the size of such a slice.  Blocks, throws and stays valid as Layer.
  virtual const std::byte* Slice(int64_t layer, int64_t position, int64_t slice_bytes) {
    return Layer(layer).data() + position * slice_bytes;
  }
};

class PleSource {
 public:
  virtual ~PleSource() = default;
  // Starts the reads and returns at once.  ids: [n], of any value; 0 ≤ id < vocab reads its own row, every
  // other id reads row 0.
  virtual std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) = 0;
  // How many ids the caller should name to Expect as soon as they are likely to be asked for next; 0: none.
  virtual int64_t candidates() const { return 0; }
  // Names ids of which the next Begin will probably ask for some, so that their reads can start now. Replaces
  // those of the call before.  Only `speculative` reacts; wrappers pass the call on.
  virtual void Expect(std::span<const int64_t> ids) { (void)ids; }
  // Declares that the next Begin opens a new sequence, whose tokens do not follow those of earlier requests.
  // Only a source that depends on earlier ids (`transform: previous`) reacts; wrappers pass the call on.
  virtual void StartSequence() {}
  virtual PleStats stats() const = 0;
  virtual const PleGeometry& geometry() const = 0;
  // How PleRequest::Slice stores rows; nullptr: as Layer returns them.
  virtual const RowCodec* codec() const { return nullptr; }
  // Bytes of fast memory (RAM) in which this source can hold rows: those of the whole table, those of the
  // whole rows that fit into a cache, or 0.
  virtual int64_t fast_bytes() const = 0;
  // Bytes of the rows that it holds in RAM now.  Less than fast_bytes() only while a cache fills.
  virtual int64_t held_bytes() const { return fast_bytes(); }
  // Unmaps the pages of files that reads have mapped, so that the page cache can be evicted.  A source that
  // maps no file does nothing; wrappers pass the call on.  Call it outside of timed regions only, and only
  // before the page cache is evicted: the next reads find their pages unmapped.
  virtual void ReleasePages() {}
  // Sets who is told of reads from now on; nullptr: nobody, and when it returns nobody is any more.  A source
  // that reads no file does nothing; wrappers pass the call on.
  virtual void ObserveReads(ReadObserver* observer) { (void)observer; }
  // True when earlier requests change the cost of later ones, as in a cache.  Measurements create such a
  // source anew for each repetition.  A wrapper also returns true when the source below it does.
  virtual bool keeps_state() const { return false; }
  // The source of rows that may be read without changing the cost of later reads: it keeps no state, and what
  // it reads passes by the page cache.  This one, or the one below it; nullptr where nothing is read, or
  // where reading leaves a trace.  A wrapper passes the call on, so that the rows are those of the table.
  virtual PleSource* traceless() { return nullptr; }
  // The number of threads that this source runs in addition to the model's own.
  virtual int64_t threads() const { return 0; }
};

// Bytes of one layer of a row as PleRequest::Slice stores it.
inline int64_t StoredSliceBytes(const PleSource& source) {
  return source.codec() != nullptr ? source.codec()->slice_bytes() : source.geometry().layer_bytes();
}

// A source that wraps another one.  It passes every call on; subclasses override what they change.
class PleWrapper : public PleSource {
 public:
  explicit PleWrapper(std::unique_ptr<PleSource> over) : over_(std::move(over)) {}

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override { return over_->Begin(ids); }
  int64_t candidates() const override { return over_->candidates(); }
  void Expect(std::span<const int64_t> ids) override { over_->Expect(ids); }
  void StartSequence() override { over_->StartSequence(); }
  PleStats stats() const override { return over_->stats(); }
  const PleGeometry& geometry() const override { return over_->geometry(); }
  const RowCodec* codec() const override { return over_->codec(); }
  int64_t fast_bytes() const override { return over_->fast_bytes(); }
  int64_t held_bytes() const override { return over_->held_bytes(); }
  void ReleasePages() override { over_->ReleasePages(); }
  void ObserveReads(ReadObserver* observer) override { over_->ObserveReads(observer); }
  bool keeps_state() const override { return over_->keeps_state(); }
  PleSource* traceless() override { return over_->traceless(); }
  int64_t threads() const override { return over_->threads(); }

 protected:
  PleSource& over() { return *over_; }

 private:
  std::unique_ptr<PleSource> over_;
};

}  // namespace plelab
