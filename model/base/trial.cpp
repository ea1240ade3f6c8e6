#include "model/base/trial.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <exception>
#include <fstream>
#include <initializer_list>
#include <string_view>

#include "model/base/error.h"

namespace plelab {
namespace {

constexpr int kEndedItself = 125;  // the child could not even begin
constexpr size_t kMostErrorBytes = 4096;

void MakeQuiet() {
  const rlimit none = {0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (nothing < 0 || ::dup2(nothing, stream) < 0) ::_exit(kEndedItself);
  }
}

// The handlers of this process (for a fault in a mapping, for Ctrl-C) are not meant for the child.
void ResetSignals() {
  for (const int fatal : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM, SIGTERM}) {
    std::signal(fatal, SIG_DFL);
  }
  std::signal(SIGINT, SIG_IGN);  // Ctrl-C reaches the whole group; what it means is decided in the parent
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

// Allocations beyond the limit fail, as they do on a machine without more memory.
void LimitMemory(int64_t more_bytes) {
  if (more_bytes <= 0) return;
  int64_t pages = 0;
  if (!(std::ifstream("/proc/self/statm") >> pages)) return;
  const auto most = static_cast<rlim_t>(pages * ::sysconf(_SC_PAGESIZE) + more_bytes);
  const rlimit limit = {most, most};
  ::setrlimit(RLIMIT_AS, &limit);
}

void Send(int to, std::string_view text) {
  const std::string_view shown = text.empty() ? "an exception" : text.substr(0, kMostErrorBytes);
  if (::write(to, shown.data(), shown.size()) < 0) ::_exit(kEndedItself);
}

[[noreturn]] void RunTrial(const std::function<void()>& function, pid_t parent, int error, int limit_s,
                           int64_t more_bytes) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kEndedItself);  // the parent died before prctl
  ResetSignals();
  MakeQuiet();
  ::alarm(static_cast<unsigned>(limit_s));
  LimitMemory(more_bytes);
  try {
    function();
  } catch (const std::exception& thrown) {
    Send(error, thrown.what());
  } catch (...) {
    Send(error, "");
  }
  ::_exit(0);  // without destructors and buffers, which belong to the parent
}

// The pipe through which the child says which exception it got: what fits is there when the child has ended.
class ErrorPipe {
 public:
  ErrorPipe() {
    if (::pipe2(ends_, O_CLOEXEC | O_NONBLOCK) != 0) {
      throw RunError("cannot make a pipe: {}", std::strerror(errno));
    }
  }
  ~ErrorPipe() {
    ::close(ends_[0]);
    ::close(ends_[1]);
  }
  ErrorPipe(const ErrorPipe&) = delete;
  ErrorPipe& operator=(const ErrorPipe&) = delete;
  int writer() const { return ends_[1]; }
  std::string Read() const {
    std::string text(kMostErrorBytes, '\0');
    const ssize_t size = ::read(ends_[0], text.data(), text.size());
    text.resize(static_cast<size_t>(std::max<ssize_t>(size, 0)));
    return text;
  }

 private:
  int ends_[2] = {-1, -1};
};

// waitpid finds no child where somebody has set SIGCHLD to be ignored.
class WaitableChildren {
 public:
  WaitableChildren() {
    struct sigaction standard = {};
    standard.sa_handler = SIG_DFL;
    ::sigaction(SIGCHLD, &standard, &earlier_);
  }
  ~WaitableChildren() { ::sigaction(SIGCHLD, &earlier_, nullptr); }
  WaitableChildren(const WaitableChildren&) = delete;
  WaitableChildren& operator=(const WaitableChildren&) = delete;

 private:
  struct sigaction earlier_ = {};
};

}  // namespace

std::string TrialResult::Describe() const {
  if (timed_out) return "is not done in time";
  if (signal != 0) return Format("crashes with signal {} ({})", signal, ::strsignal(signal));
  if (exit_code != 0) return Format("ends the process with code {}", exit_code);
  return "survives";
}

TrialResult TryInChild(const std::function<void()>& function, int limit_s, int64_t more_bytes) {
  const WaitableChildren waitable;
  const ErrorPipe error;
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw RunError("cannot start a child process: {}", std::strerror(errno));
  if (pid == 0) RunTrial(function, parent, error.writer(), limit_s, more_bytes);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw RunError("cannot wait for a child process: {}", std::strerror(errno));
  }
  TrialResult result;
  result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  result.timed_out = result.signal == SIGALRM;
  if (result.survived()) result.error = error.Read();
  return result;
}

}  // namespace plelab
