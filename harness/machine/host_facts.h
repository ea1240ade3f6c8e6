// What this machine and this build are, for programs with and without torch.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace plelab {

// The cores that this process was allowed to use when it first asked (sched_getaffinity), in ascending order.
// A core is what the kernel calls a CPU.
const std::vector<int>& AllowedCores();
// How many cores threads can run on at the same time; at least 1.
int64_t Cores();
// "2026-11-29T02:23:54Z".
std::string UtcNow();
// True for a build that is fit for measuring (NDEBUG, optimised, no sanitizer).
bool BuildMayMeasure();

}  // namespace plelab
