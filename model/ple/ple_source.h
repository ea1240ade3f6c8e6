// The central interface: rows of the per-layer-embedding (PLE) table, wherever they live.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "model/base/dtype.h"

namespace plelab {

// Shape of the table `embed_tokens_per_layer.weight` [vocab, layers · dim].
struct PleGeometry {
  int64_t vocab = 0;   // vocab_size_per_layer_input
  int64_t layers = 0;  // num_hidden_layers
  int64_t dim = 0;     // hidden_size_per_layer_input
  DType dtype = DType::kBFloat16;
  int64_t row_bytes() const { return layers * dim * SizeOf(dtype); }
  int64_t table_bytes() const { return vocab * row_bytes(); }
  int64_t layer_bytes() const { return dim * SizeOf(dtype); }
};

// What the rows that a request hands out mean; consumed in ONE function of the model (PerLayerInput).
enum class PleKind {
  kRows,            // rows of the table: scaled by √dim and added to the projection
  kFolded,          // the finished per-layer input, no projection needed; float32 whatever the table's dtype
  kProjectionOnly,  // no rows at all: the projection alone, unscaled, as the reference does without rows
  kBlockOff,        // the PLE branch is skipped
};

// Cumulative.  Counted per requested id before deduplication; hits + misses == lookups.
// Exposed wait is wait_ns, hidden wait is hidden_ns; both of one step are the difference of two stats().
struct PleStats {
  int64_t lookups = 0;
  int64_t hits = 0;  // answered from memory without a read
  int64_t misses = 0;
  int64_t read_calls = 0;   // reads issued to storage
  int64_t bytes_asked = 0;  // bytes of rows asked from storage
  int64_t bytes_moved = 0;  // bytes that the reads moved (alignment included)
  int64_t read_ns = 0;      // time spent reading, in whichever thread
  int64_t hidden_ns = 0;    // of read_ns, while no caller stood waiting for rows; ≤ read_ns
  int64_t wait_ns = 0;      // time the caller spent in Begin and Layer: standing still, or gathering rows
};

inline PleStats operator-(const PleStats& a, const PleStats& b) {
  return {a.lookups - b.lookups,         a.hits - b.hits,
          a.misses - b.misses,           a.read_calls - b.read_calls,
          a.bytes_asked - b.bytes_asked, a.bytes_moved - b.bytes_moved,
          a.read_ns - b.read_ns,         a.hidden_ns - b.hidden_ns,
          a.wait_ns - b.wait_ns};
}

inline PleStats operator+(const PleStats& a, const PleStats& b) {
  const PleStats none;
  return a - (none - b);
}

// One batch of ids under way.  Rows stay valid while it lives.  It must not outlive its source.
class PleRequest {
 public:
  virtual ~PleRequest() = default;
  virtual PleKind kind() const { return PleKind::kRows; }
  // [n, dim] of layer `layer` in the table's dtype (kFolded: float32), in the order of the ids given to Begin
  // (repeats included); empty for kProjectionOnly and kBlockOff.  Waits if it must.  The span stays valid
  // while the request lives. Throws RunError naming file, row and offset when a read failed (again at each
  // call), or when the table has no such layer.
  virtual std::span<const std::byte> Layer(int64_t layer) = 0;
};

class PleSource {
 public:
  virtual ~PleSource() = default;
  // ids [n], any value: 0 ≤ id < vocab is its own row, everything else row 0.  Starts the reads and returns
  // at once.
  virtual std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) = 0;
  // The next Begin opens a sequence: nothing that was asked before stands before it.  Only a source that
  // looks back (`transform: previous`) listens; wrappers pass it on.
  virtual void StartSequence() {}
  virtual PleStats stats() const = 0;
  virtual const PleGeometry& geometry() const = 0;
  // Bytes of fast memory (RAM) that this source holds rows in: the whole table, a cache's budget, 0.
  virtual int64_t fast_bytes() const = 0;
  // True where earlier requests change what later ones cost (a cache): whoever measures makes such a source
  // anew for each repetition.  Wrappers ask what they stand before, too.
  virtual bool keeps_state() const { return false; }
  // Threads that this source runs beside the model's own.
  virtual int64_t threads() const { return 0; }
};

// The row that an id reads (transformers Gemma3nTextModel.get_per_layer_inputs).
inline int64_t PleRowOfId(int64_t id, int64_t vocab) { return id >= 0 && id < vocab ? id : 0; }

// Where the table lies: the published safetensors shard, token-major, one contiguous run of bytes per token.
struct PleTable {
  std::string path;
  int64_t offset_bytes = 0;  // of row 0, from the start of the file
  PleGeometry geometry;
  // The finished per-layer inputs made of it, where `folded` reads them; else nullptr.
  std::shared_ptr<const PleTable> folded = nullptr;
};

// The table that rows are read from: the folded one where there is one.
inline const PleTable& TableRead(const PleTable& table) { return table.folded ? *table.folded : table; }

// A source around another one: overrides what it changes, passes on the rest.
class PleWrapper : public PleSource {
 public:
  explicit PleWrapper(std::unique_ptr<PleSource> over) : over_(std::move(over)) {}

  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override { return over_->Begin(ids); }
  void StartSequence() override { over_->StartSequence(); }
  PleStats stats() const override { return over_->stats(); }
  const PleGeometry& geometry() const override { return over_->geometry(); }
  int64_t fast_bytes() const override { return over_->fast_bytes(); }
  bool keeps_state() const override { return over_->keeps_state(); }
  int64_t threads() const override { return over_->threads(); }

 protected:
  PleSource& over() { return *over_; }

 private:
  std::unique_ptr<PleSource> over_;
};

}  // namespace plelab
