// A progress bar on a terminal, plain lines otherwise.  Everything that may take over a second uses one.
#pragma once

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <string>

namespace plelab {

// Where progress goes; the default is what a program wants, a test brings its own stream and clock.
struct ProgressOutput {
  std::FILE* stream = stderr;
  bool terminal = false;
  std::function<std::chrono::steady_clock::time_point()> now = std::chrono::steady_clock::now;
  static ProgressOutput Standard();  // stderr, a terminal where it is one
};

// Prints nothing for work that ends within a second.  Not thread-safe: one thread updates.
//   terminal   loading weights  [██████████··············]  42 %, elapsed 3.0 s, 4.1 s left, layer 12
//   otherwise  loading weights: 42 %, elapsed 3.0 s, 4.1 s left, layer 12      (at the start, every 10 s)
// and at the end, on both: loading weights: done in 7.2 s
class Progress {
 public:
  // `total` in any unit; 0 where it is not known beforehand (no percentage then, no time left).
  Progress(std::string what, int64_t total, ProgressOutput output = ProgressOutput::Standard());
  // Without Finish (an exception on its way): says how far the work came, if anything was shown.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // `done` of `total` in all.  Cheap: redraws at most ten times a second.
  void Update(int64_t done, const std::string& note = "");
  void Finish(const std::string& note = "");

 private:
  double Share() const;  // of the work, 0 … 1; total_ > 0
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

}  // namespace plelab
