// Copies from a mapping of a file that may shrink meanwhile.  The kernel raises SIGBUS for pages beyond the
// file's end, which would end the process.
//
// The first call installs a SIGBUS handler for the whole process and keeps it.  A fault of the calling thread
// inside the guarded range jumps back into CopyFromMapping; every other SIGBUS goes on to the handler that
// was there before (or to the default action, so that a real bug still dumps core).  A handler installed
// later by somebody else takes precedence: it must chain to ours, as ours chains to its predecessor.
#pragma once

#include <cstddef>

namespace plelab {

// Copies `size` bytes.  Returns nullptr when all of them were copied, otherwise the address in [from, from +
// size) that could not be read; `to` then holds some of the bytes.  Thread-safe.
const void* CopyFromMapping(void* to, const void* from, size_t size);

}  // namespace plelab
