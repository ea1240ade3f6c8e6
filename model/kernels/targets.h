// Which instruction sets the kernels are compiled for.  Include before <hwy/foreach_target.h>.
// Not the scalable ones (SVE, RISC-V V): the kernels keep vectors in arrays, which those cannot; aarch64 runs
// NEON. No include guard: nothing but macros, the same each time.
#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#endif
