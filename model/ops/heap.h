// What the C library's heap does with memory that was freed.  Pages that it gives back to the system have to
// be cleared by the kernel when they are wanted again.
#pragma once

namespace plelab {

// Keeps up to 128 MiB for the next tensors, where the default is to give back a tensor of some megabytes at
// once.
void KeepFreedMemory();

// Keeps everything: a training step frees and allocates the same blocks as the one before.
void KeepAllFreedMemory();

}  // namespace plelab
