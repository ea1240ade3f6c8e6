#include "model/base/trial.h"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <initializer_list>

#include "model/base/error.h"

namespace plelab {
namespace {

constexpr int kEndedItself = 125;  // the child could not even begin

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

[[noreturn]] void RunTrial(const std::function<void()>& function, pid_t parent, int limit_s) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kEndedItself);  // the parent died before prctl
  ResetSignals();
  MakeQuiet();
  ::alarm(static_cast<unsigned>(limit_s));
  try {
    function();
  } catch (...) {  // NOLINT(bugprone-empty-catch): the caller gets the same exception in its own process
  }
  ::_exit(0);  // without destructors and buffers, which belong to the parent
}

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

TrialResult TryInChild(const std::function<void()>& function, int limit_s) {
  const WaitableChildren waitable;
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw RunError("cannot start a child process: {}", std::strerror(errno));
  if (pid == 0) RunTrial(function, parent, limit_s);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0) {
    if (errno != EINTR) throw RunError("cannot wait for a child process: {}", std::strerror(errno));
  }
  TrialResult result;
  result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : 0;
  result.timed_out = result.signal == SIGALRM;
  return result;
}

}  // namespace plelab
