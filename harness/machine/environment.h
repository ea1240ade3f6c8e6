// Describes the machine and software that produced the numbers.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace plelab {

// The /meta attributes, which results/README.md describes: git_commit, dirty_hash, build_commit,
// build_dirty_hash, cpu_model, cpu_features, microcode, cores, memory, kernel, vm, storage, filesystem,
// scheduler, read_ahead, huge_pages, cgroup, compiler, compiler_flags, build_type, torch, hdf5, yaml_cpp,
// sentencepiece, threads, started_at.  What cannot be read is "unknown".  `data_path` is the checkpoint, for
// storage and file system.
std::vector<std::pair<std::string, std::string>> DescribeEnvironment(const std::string& data_path,
                                                                     int64_t threads);

}  // namespace plelab
