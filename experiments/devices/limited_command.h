// Runs another program under the kernel's limit of reads.
#pragma once

#include <string>
#include <vector>

#include "model/devices/disk_limit.h"

namespace plelab {

// Runs `command` (a program and its arguments) in a DiskLimit on the disk of `path`, waits for it, and
// returns its exit code, 128 + signal where one ended it.  Its standard streams are this program's.  The
// environment variable PLELAB_DISK_LIMIT tells it of the limit (DiskLimit::Describe).  Throws RunError where
// the limit is not permitted or the program cannot be started.
int RunLimited(const std::string& path, const DiskLimit::Limits& limits, std::vector<std::string> command);

}  // namespace plelab
