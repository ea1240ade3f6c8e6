#include "experiments/devices/limited_command.h"

#include <spawn.h>
#include <sys/wait.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "model/base/error.h"

extern char** environ;

namespace plelab {
namespace {

int ExitCodeOf(pid_t pid) {
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw RunError("waiting for the program: {}", std::strerror(errno));
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

int RunLimited(const std::string& path, const DiskLimit::Limits& limits, std::vector<std::string> command) {
  DiskLimit limit(path, limits);
  ::setenv("PLELAB_DISK_LIMIT", limit.Describe().c_str(), 1);
  std::vector<char*> arguments;
  for (std::string& word : command) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t pid = 0;
  // The child starts in the group; this process leaves it, so that it can remove it in the end.
  limit.Enter();
  const int error = ::posix_spawnp(&pid, arguments[0], nullptr, nullptr, arguments.data(), environ);
  limit.Leave();
  if (error != 0) throw RunError("{}: {}", command[0], std::strerror(error));
  return ExitCodeOf(pid);
}

}  // namespace plelab
