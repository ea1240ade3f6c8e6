// Which instruction sets the kernels are compiled for.  Include before <hwy/foreach_target.h>.
// The scalable ones (SVE, RISC-V V) are disabled because the kernels keep vectors in arrays, which scalable
// vectors do not allow; aarch64 runs NEON.  AVX3_DL, which Highway leaves out unless asked, has the integer
// dot products of quantised weights.  There is no include guard: the file only defines macros, and the same
// ones each time.
#ifndef HWY_DISABLED_TARGETS
#define HWY_DISABLED_TARGETS (HWY_SVE | HWY_SVE2 | HWY_SVE_256 | HWY_SVE2_128 | HWY_RVV)
#endif
#ifndef HWY_WANT_AVX3_DL
#define HWY_WANT_AVX3_DL 1
#endif
