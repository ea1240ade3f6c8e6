// Another process, waited for: a measurement of its own (`isolate: process`), or a tool such as git.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace plelab {

struct ProcessOptions {
  double timeout_s = 0;        // 0: none; after it the process is killed
  int64_t keep_lines = 20;     // of standard error, the last ones
  bool capture_output = true;  // false: standard output is ours
  // Called with each line of standard error as it comes (progress of a child).
  std::function<void(const std::string& line)> on_error_line;
};

struct ProcessResult {
  int exit_code = 0;  // −1 when a signal ended it
  int signal = 0;     // 0 when it exited by itself
  bool timed_out = false;
  std::string output;                   // standard output, when captured
  std::vector<std::string> last_lines;  // of standard error

  bool ok() const { return exit_code == 0 && signal == 0; }
  // One line: "exit code 3: disk: short read …", "killed by signal 9 (Killed)", "killed after 5 s".
  std::string Describe() const;
};

// Runs a program (looked up in PATH when it has no slash) and waits for it.  It dies with the calling
// *thread*, and with us; it inherits no descriptor but the standard three, and standard input is empty. A
// program that cannot be started has exit code 127.  Throws RunError when no process can be made.
ProcessResult RunProgram(const std::vector<std::string>& command, const ProcessOptions& options = {});
// The same for this very program, found by /proc/self/exe: `arguments` without the program's name.
ProcessResult RunSelf(const std::vector<std::string>& arguments, const ProcessOptions& options = {});

}  // namespace plelab
