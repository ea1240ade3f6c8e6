// The loops of model/kernels/parallel.h without LibTorch: in the calling thread.
#include "model/kernels/parallel.h"

namespace plelab {

void ParallelFor(int64_t begin, int64_t end, int64_t, RangeBody body) {
  if (begin < end) body(begin, end);
}
void ParallelPieces(int64_t begin, int64_t end, int64_t grain, RangeBody body) {
  ParallelFor(begin, end, grain, body);
}
void RunInOneRegion(RangeBody body) { body(0, 1); }
void SetShareHook(void (*)(int)) {}

}  // namespace plelab
