// What the files that a run reads hold, so that a resumed run does not mix two contents.
#pragma once

#include <string>
#include <vector>

#include "harness/plan/run_plan.h"

namespace plelab {

// Up to this size a file is known by all of its bytes.
inline constexpr int64_t kWholeFileBytes = int64_t{256} << 20;

// One line of size and SHA-256.  A file above `whole_bytes` is known by its size, the time of its last change
// and a sample of 4,096 blocks of 4 KiB, spread evenly: a table of 10 GB is not read whole for it.  Neither a
// moved folder nor a copy that keeps times (cp -a, rsync -a) changes it; `touch` changes it for large files
// only.  Throws UserError when the file cannot be read.
std::string IdentityOfFile(const std::string& path, int64_t whole_bytes = kWholeFileBytes);

// "PATH: IDENTITY", one line for each of the paths, without duplicates and in their order.
std::string IdentityOfFiles(const std::vector<std::string>& paths);

// The files of a checkpoint that decide what it computes: config.json, the companions (vocabulary,
// front ends), shards.
std::vector<std::string> FilesOf(const Checkpoint& checkpoint);

// Every file that the plan's run reads: checkpoint, folded tables, texts, traces, tasks, and the media of
// both.
std::vector<std::string> FilesOf(const RunPlan& plan);

}  // namespace plelab
