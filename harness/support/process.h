// Runs another process and waits for it: a measurement in a process of its own (`isolate: process`), or a
// tool such as git.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace plelab {

struct ProcessOptions {
  double timeout_s = 0;        // after this time the process is killed; 0: no limit
  int64_t keep_lines = 20;     // how many of the last lines of standard error to keep
  bool capture_output = true;  // false: the process writes to our standard output
  // Called with each line of standard error as it arrives (a child's progress).
  std::function<void(const std::string& line)> on_error_line;
};

struct ProcessResult {
  int exit_code = 0;  // −1 when a signal ended the process
  int signal = 0;     // 0 when the process exited by itself
  bool timed_out = false;
  std::string output;                   // standard output, if captured
  std::vector<std::string> last_lines;  // of standard error

  bool ok() const { return exit_code == 0 && signal == 0; }
  // One line, such as "exit code 3: disk: short read …", "killed by signal 9 (Killed)" or "killed after 5 s".
  std::string Describe() const;
};

// Runs a program (looked up in PATH when it has no slash) and waits for it.  It is killed when the calling
// *thread* or this process ends.  It inherits only the three standard descriptors, and its standard input is
// empty.  A program that cannot be started has exit code 127.  Throws RunError when no process can be
// created.
ProcessResult RunProgram(const std::vector<std::string>& command, const ProcessOptions& options = {});
// The same for this program itself, found by /proc/self/exe; `arguments` exclude the program's name.
ProcessResult RunSelf(const std::vector<std::string>& arguments, const ProcessOptions& options = {});

}  // namespace plelab
