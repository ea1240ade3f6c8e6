// A progress bar on a terminal, plain lines elsewhere.  Everything that may take over a second uses one.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

namespace plelab {

// Where progress goes.  The default suits a program; tests use a stream and clock of their own.
struct ProgressOutput {
  std::FILE* stream = stderr;
  bool terminal = false;
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  static ProgressOutput Standard();  // stderr, with a bar if it is a terminal
};

// Prints nothing for work that ends within a second.  Not thread-safe: only one thread may update it.
//   terminal   loading weights  [██████████··············]  42 %, elapsed 3.0 s, 4.1 s left, layer 12
//   otherwise  loading weights: 42 %, elapsed 3.0 s, 4.1 s left, layer 12      (at the start, every 10 s)
// At the end it prints, on both: loading weights: done in 7.2 s
class Progress {
 public:
  // `total` is in any unit; 0 means unknown, and then neither a percentage nor the time left is shown.  The
  // time left is told from 2 % on.
  Progress(std::string what, int64_t total, ProgressOutput output = ProgressOutput::Standard());
  // Without Finish (as when an exception passes), says how far the work came if anything was shown.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // `done` counts from the start, out of `total`.  Cheap: redraws at most ten times a second.  Throws
  // Interrupted after a signal, as ThrowIfInterrupted: whatever shows progress can be stopped.
  void Update(int64_t done, const std::string& note = "");
  void Finish(const std::string& note = "");

 private:
  double Share() const;  // of the work done, 0 … 1; needs total_ > 0
  std::string Describe(double elapsed_s) const;
  void Draw(std::chrono::steady_clock::time_point now);
  void WriteLine(const std::string& line);
  void Write(const std::string& text);
  std::string what_, note_;
  int64_t total_, done_ = 0;
  ProgressOutput output_;
  bool shown_ = false, finished_ = false;
  std::chrono::steady_clock::time_point started_, drawn_;
};

// For functions that report (done, total): a bar that begins with the first report, and is finished by the
// last one.
std::function<void(int64_t, int64_t)> ProgressOf(std::string what);
// The same for bytes, which are told beside the bar: 1.2 GiB of 7.5 GiB.
std::function<void(int64_t, int64_t)> ProgressOfBytes(std::string what);

}  // namespace plelab
