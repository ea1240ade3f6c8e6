// Runs `plelab` as a user does, in tests of what it refuses.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "harness/record/recorder.h"
#include "harness/support/process.h"
#include "tests/support/program.h"
#include "tests/support/tiny_run.h"

namespace plelab::testing {

inline const std::string kPlelab = PLELAB_BINARY_DIR "/plelab";
inline const char* const kTwoVariants =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n";

inline ProcessOptions Limited() {
  ProcessOptions options;
  options.timeout_s = 60;  // a command that waits for a FIFO would never end
  return options;
}

inline ProcessResult RunPlelab(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), kPlelab);
  return RunProgram(arguments, Limited());
}

// `script` is for sh; "$@" in it is the program with its arguments.
inline ProcessResult RunIn(const std::string& script, std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"/bin/sh", "-c", script, "sh", kPlelab});
  return RunProgram(arguments, Limited());
}

// Exit 2 and one line that has `what` in it.
inline void ExpectRefused(const ProcessResult& result, const std::string& what) {
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(result.exit_code, 2) << LastLine(result);
  EXPECT_EQ(result.last_lines.size(), 1u);
  EXPECT_THAT(LastLine(result), ::testing::HasSubstr(what));
}

// The program and its arguments to run the config in `tiny`.
inline std::vector<std::string> RunArguments(const TinyRun& tiny, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {kPlelab, "run",      tiny.config_path(),
                                        "--out", tiny.out(), "--allow-debug"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

inline ProcessResult RunConfig(const TinyRun& tiny, const std::vector<std::string>& more = {}) {
  return RunProgram(RunArguments(tiny, more), Limited());
}

// The part files of a run under way.  Not ListParts, which removes temporary files.
inline size_t CountParts(const TinyRun& tiny) {
  std::error_code error;
  size_t parts = 0;
  for (auto it = std::filesystem::directory_iterator(PartsFolder(tiny.out()), error);
       !error && it != std::filesystem::directory_iterator(); it.increment(error))
    parts += it->path().extension() == ".h5";
  return parts;
}

}  // namespace plelab::testing
