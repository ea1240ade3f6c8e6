// A progress bar on a terminal, plain lines otherwise.  Everything that may take over a second uses one.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace plelab {

class Progress {
 public:
  Progress(std::string what, int64_t total);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  void Update(int64_t done, const std::string& note = "");
  void Finish(const std::string& note = "");

 private:
  void Draw(bool last);
  std::string what_, note_;
  int64_t total_, done_ = 0;
  bool terminal_, finished_ = false;
  std::chrono::steady_clock::time_point started_, drawn_;
};

}  // namespace plelab
