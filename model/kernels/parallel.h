// Loops over LibTorch's thread pool, so that the model does not run a second one.
#pragma once

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace plelab {

// A reference to a callable f(begin, end), which must outlive the call that it is passed to.
class RangeBody {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, RangeBody>)
      RangeBody(F&& f)  // NOLINT: implicit, so that a lambda can be passed in place
      : object_(const_cast<void*>(static_cast<const void*>(&f))),
        call_([](void* object, int64_t begin, int64_t end) {
          (*static_cast<std::remove_reference_t<F>*>(object))(begin, end);
        }) {}
  void operator()(int64_t begin, int64_t end) const { call_(object_, begin, end); }

 private:
  void* object_;
  void (*call_)(void*, int64_t, int64_t);
};

// Reading fewer bytes than this takes less time than waking a thread, above all when other processes use the
// cores too.
inline constexpr int64_t kMinShareBytes = 256 * 1024;

// As at::parallel_for: calls body on contiguous shares of [begin, end), one per thread, each of at least
// `grain`.  Runs in the caller alone when called from within such a loop.  Rethrows what a share throws.
void ParallelFor(int64_t begin, int64_t end, int64_t grain, RangeBody body);

// Calls body on contiguous pieces of [begin, end), of about `grain` at least, which the threads take one
// after another until none is left: a core that the hypervisor or another process takes away for a while then
// holds nobody up.  There are at most kPiecesPerThread for each thread, so that pieces stay long streams.
// body must not mind which piece runs where.
inline constexpr int64_t kPiecesPerThread = 8;
void ParallelPieces(int64_t begin, int64_t end, int64_t grain, RangeBody body);

void RunInOneRegion(RangeBody body);  // calls body(0, 1): see InOneRegion
// Calls body() in this thread while the pool's other threads wait for the loops in it: a loop then starts
// within a microsecond, because nobody has to be gathered for it.  After a tenth of a millisecond without a
// loop (during a read, say) they sleep, and the next loop has to wake them.  Loops of ATen in body run in
// this thread alone.  Rethrows what body throws.
template <class F>
void InOneRegion(const F& body) {
  RunInOneRegion([&](int64_t, int64_t) { body(); });
}

// From now on each thread calls hook(its number in the pool, the caller being 0) before it takes a share;
// nullptr: nothing is called.  Whoever cares on which core a thread runs needs it, because the pool (libgomp)
// ends the threads that a loop of fewer shares does not use and starts others later.
void SetShareHook(void (*hook)(int thread));

// Calls body(row) for `rows` rows of `row_bytes` each, in shares large enough to be worth waking a thread
// for.
template <class F>
void ParallelRows(int64_t rows, int64_t row_bytes, const F& body) {
  ParallelFor(0, rows, std::max<int64_t>(1, kMinShareBytes / row_bytes), [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) body(row);
  });
}

}  // namespace plelab
