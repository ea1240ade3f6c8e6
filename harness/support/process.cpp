#include "harness/support/process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <deque>
#include <filesystem>
#include <utility>

#include "model/base/error.h"

namespace plelab {
namespace {

constexpr int kCannotStart = 127;
using Clock = std::chrono::steady_clock;

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { Close(); }
  void Close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor read, write;
};

Pipe MakePipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw RunError("cannot make a pipe: {}", std::strerror(errno));
  return {Descriptor(ends[0]), Descriptor(ends[1])};
}

// Runs between fork and exec, so it only does what is safe in a process whose other threads are gone.
[[noreturn]] void BecomeProgram(char* const* arguments, pid_t parent, int output, int error) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kCannotStart);  // the parent died before prctl
  std::signal(SIGPIPE, SIG_DFL);                     // a program other than ours expects it
  const int empty = ::open("/dev/null", O_RDONLY);
  if (empty < 0 || ::dup2(empty, STDIN_FILENO) < 0) ::_exit(kCannotStart);
  if (output >= 0 && ::dup2(output, STDOUT_FILENO) < 0) ::_exit(kCannotStart);
  if (::dup2(error, STDERR_FILENO) < 0) ::_exit(kCannotStart);
#ifdef SYS_close_range
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
#endif
  ::execvp(arguments[0], arguments);
  const char* reason = strerrordesc_np(errno);
  const char* const parts[] = {arguments[0], ": ", reason == nullptr ? "cannot be started" : reason, "\n"};
  for (const char* part : parts) {
    if (::write(STDERR_FILENO, part, std::strlen(part)) < 0) break;
  }
  ::_exit(kCannotStart);
}

// Cuts standard error into lines and keeps the last ones.
class Lines {
 public:
  explicit Lines(const ProcessOptions& options) : options_(options) {}
  void Add(const char* bytes, size_t size) {
    for (size_t i = 0; i < size; ++i) {
      if (bytes[i] == '\n') {
        End();
      } else {
        line_ += bytes[i];
      }
    }
  }
  std::vector<std::string> Take() {
    if (!line_.empty()) End();
    return {kept_.begin(), kept_.end()};
  }

 private:
  void End() {
    if (options_.on_error_line) options_.on_error_line(line_);
    kept_.push_back(std::exchange(line_, ""));
    if (kept_.size() > static_cast<size_t>(options_.keep_lines)) kept_.pop_front();
  }
  const ProcessOptions& options_;
  std::string line_;
  std::deque<std::string> kept_;
};

// Milliseconds left to wait, rounded up; −1: without limit.
int Remaining(const ProcessOptions& options, Clock::time_point start) {
  if (options.timeout_s <= 0) return -1;
  const double left = options.timeout_s - std::chrono::duration<double>(Clock::now() - start).count();
  return left <= 0 ? 0 : static_cast<int>(left * 1000) + 1;
}

// Reads both pipes until the process has closed them.  Returns false if the time was up first.
bool ReadUntilClosed(Descriptor& output, Descriptor& error, const ProcessOptions& options, std::string& text,
                     Lines& lines) {
  const Clock::time_point start = Clock::now();
  std::vector<char> buffer(1 << 16);
  while (output.open() || error.open()) {
    pollfd waiting[2] = {{output.get(), POLLIN, 0}, {error.get(), POLLIN, 0}};
    const int ready = ::poll(waiting, 2, Remaining(options, start));
    if (ready < 0 && errno == EINTR) continue;
    if (ready < 0) throw RunError("cannot wait for a process: {}", std::strerror(errno));
    if (ready == 0) return false;
    for (int i = 0; i < 2; ++i) {
      if (waiting[i].revents == 0) continue;
      Descriptor& from = i == 0 ? output : error;
      const ssize_t size = ::read(from.get(), buffer.data(), buffer.size());
      if (size < 0 && errno == EINTR) continue;
      if (size <= 0) from.Close();
      if (size > 0 && i == 0) text.append(buffer.data(), static_cast<size_t>(size));
      if (size > 0 && i == 1) lines.Add(buffer.data(), static_cast<size_t>(size));
    }
  }
  return true;
}

// Kills and reaps the process if nobody has waited for it, as when an exception passes.
class Child {
 public:
  explicit Child(pid_t pid) : pid_(pid) {}
  ~Child() {
    if (pid_ <= 0) return;
    Kill();
    Wait();
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  void Kill() const { ::kill(pid_, SIGKILL); }
  int Wait() {
    int status = 0;
    const pid_t pid = std::exchange(pid_, -1);
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
  }

 private:
  pid_t pid_;
};

}  // namespace

std::string ProcessResult::Describe() const {
  std::string text = timed_out     ? "killed: it took too long"
                     : signal != 0 ? Format("killed by signal {} ({})", signal, strsignal(signal))
                                   : Format("exit code {}", exit_code);
  if (!last_lines.empty()) text += ": " + last_lines.back();
  return text;
}

ProcessResult RunProgram(const std::vector<std::string>& command, const ProcessOptions& options) {
  std::vector<char*> arguments;
  for (const std::string& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  Pipe output = options.capture_output ? MakePipe() : Pipe{};
  Pipe error = MakePipe();

  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) throw RunError("cannot start {}: {}", command.at(0), std::strerror(errno));
  if (pid == 0) BecomeProgram(arguments.data(), parent, output.write.get(), error.write.get());
  Child child(pid);
  output.write.Close();
  error.write.Close();

  ProcessResult result;
  Lines lines(options);
  result.timed_out = !ReadUntilClosed(output.read, error.read, options, result.output, lines);
  if (result.timed_out) child.Kill();
  const int status = child.Wait();
  result.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  result.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  result.last_lines = lines.Take();
  return result;
}

ProcessResult RunSelf(const std::vector<std::string>& arguments, const ProcessOptions& options) {
  std::vector<std::string> command = {"/proc/self/exe"};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return RunProgram(command, options);
}

}  // namespace plelab
