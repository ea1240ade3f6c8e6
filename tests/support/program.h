// Runs programs for tests: in the background, in order to kill them, and with access to their last output.
#pragma once

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "harness/support/process.h"

namespace plelab::testing {

inline std::string LastLine(const ProcessResult& result) {
  return result.last_lines.empty() ? "" : result.last_lines.back();
}

// Starts a program without output, sends it a signal as soon as `is_time` returns true or two minutes have
// passed, and returns its wait status when it is gone.  A program that ended by itself gets no signal: its
// number may be another process's by then.
inline int SignalWhen(const std::vector<std::string>& arguments, int signal,
                      const std::function<bool()>& is_time) {
  const pid_t pid = fork();
  if (pid == 0) {
    std::vector<char*> words;
    for (const auto& argument : arguments) words.push_back(const_cast<char*>(argument.c_str()));
    words.push_back(nullptr);
    if (!freopen("/dev/null", "w", stdout) || !freopen("/dev/null", "w", stderr)) _exit(126);
    execv(words[0], words.data());
    _exit(127);
  }
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(120);
  int status = 0;
  while (!is_time() && std::chrono::steady_clock::now() < deadline) {
    if (waitpid(pid, &status, WNOHANG) != 0) return status;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  kill(pid, signal);
  waitpid(pid, &status, 0);
  return status;
}

inline void KillWhen(const std::vector<std::string>& arguments, const std::function<bool()>& is_time) {
  SignalWhen(arguments, SIGKILL, is_time);
}

}  // namespace plelab::testing
