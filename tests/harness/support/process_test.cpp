#include "harness/support/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

#include "harness/support/system_files.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace process_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

ProcessResult Shell(const std::string& script, const ProcessOptions& options = {}) {
  return RunProgram({"sh", "-c", script}, options);
}

TEST(Process, OutputErrorsAndExitCodeAreKeptApart) {
  const ProcessResult result = Shell("echo out; echo one >&2; echo two >&2; exit 7");
  EXPECT_EQ(result.exit_code, 7);
  EXPECT_EQ(result.signal, 0);
  EXPECT_FALSE(result.ok());
  EXPECT_EQ(result.output, "out\n");
  EXPECT_THAT(result.last_lines, ElementsAre("one", "two"));
  EXPECT_EQ(result.Describe(), "exit code 7: two");
}

TEST(Process, ASignalIsTold) {
  const ProcessResult result = Shell("kill -9 $$");
  EXPECT_EQ(result.signal, SIGKILL);
  EXPECT_EQ(result.exit_code, -1);
  EXPECT_EQ(result.Describe(), "killed by signal 9 (Killed)");
}

TEST(Process, OnlyTheLastLinesAreKeptAndAllAreTold) {
  std::vector<std::string> told;
  ProcessOptions options;
  options.keep_lines = 2;
  options.on_error_line = [&](const std::string& line) { told.push_back(line); };
  const ProcessResult result = Shell("printf 'a\\nb\\n\\nend without newline' >&2", options);
  EXPECT_THAT(result.last_lines, ElementsAre("", "end without newline"));
  EXPECT_THAT(told, ElementsAre("a", "b", "", "end without newline"));
}

TEST(Process, MuchOutputOnBothPipesDoesNotBlock) {
  const ProcessResult result = Shell("yes out | head -c 1000000; yes err | head -c 1000000 >&2; echo done");
  EXPECT_EQ(result.exit_code, 0);
  EXPECT_EQ(result.output.size(), 1'000'005u);
  EXPECT_EQ(result.last_lines.size(), 20u);
}

TEST(Process, AProgramThatIsNotThereSaysSo) {
  const ProcessResult result = RunProgram({"/no/such/program"});
  EXPECT_EQ(result.exit_code, 127);
  EXPECT_THAT(result.last_lines, ElementsAre("/no/such/program: No such file or directory"));
}

TEST(Process, ArgumentsArriveAsTheyAre) {
  EXPECT_EQ(RunProgram({"printf", "%s|", "a b", "", "$HOME", "ü\n"}).output, "a b||$HOME|ü\n|");
}

TEST(Process, InputIsEmptyAndOurDescriptorsAreNotInherited) {
  const int ours = dup(STDERR_FILENO);  // without close-on-exec
  const ProcessResult result = Shell("cat; test -e /proc/$$/fd/" + std::to_string(ours) + " || echo closed");
  close(ours);
  EXPECT_EQ(result.output, "closed\n");
}

TEST(Process, TimeoutKillsIt) {
  ProcessOptions options;
  options.timeout_s = 0.2;
  const ProcessResult result = RunProgram({"sleep", "1000"}, options);
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.signal, SIGKILL);
  EXPECT_THAT(result.Describe(), HasSubstr("took too long"));
}

TEST(Process, SelfIsThisProgram) {
  const ProcessResult result = RunSelf({"--gtest_list_tests", "--gtest_filter=Process.SelfIsThisProgram"});
  EXPECT_TRUE(result.ok());
  EXPECT_THAT(result.output, HasSubstr("SelfIsThisProgram"));
}

TEST(Process, ASignalThatIsHandledDoesNotInterruptTheWait) {
  struct sigaction ignore = {}, before = {};
  ignore.sa_handler = [](int) {};  // without SA_RESTART: poll and waitpid return EINTR
  sigaction(SIGUSR1, &ignore, &before);
  const pthread_t waiting = pthread_self();
  std::jthread disturber([waiting](std::stop_token stop) {
    while (!stop.stop_requested()) {
      pthread_kill(waiting, SIGUSR1);
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  });
  const ProcessResult result = Shell("sleep 0.2; echo out; sleep 0.1");
  disturber.request_stop();
  disturber.join();
  sigaction(SIGUSR1, &before, nullptr);
  EXPECT_TRUE(result.ok()) << result.Describe();
  EXPECT_EQ(result.output, "out\n");
}

bool IsGone(pid_t pid) {
  const std::string status = ReadSystemFile("/proc/" + std::to_string(pid) + "/status");
  return status.empty() || FieldOf(status, "State").starts_with("Z");
}

// kill -9 of a run must not leave a child that continues to measure.
TEST(Process, AChildDiesWithItsParent) {
  const testing::TemporaryFolder folder;
  const pid_t parent = fork();
  if (parent == 0) {
    ProcessOptions options;
    options.on_error_line = [&](const std::string& line) { testing::WriteText(folder / "pid", line + "\n"); };
    Shell("echo $$ >&2; exec sleep 1000", options);
    _exit(0);
  }
  std::string text;
  while (!text.ends_with('\n')) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    text = testing::ReadText(folder / "pid");
  }
  const pid_t child = std::stoi(text);
  EXPECT_FALSE(IsGone(child));
  kill(parent, SIGKILL);
  waitpid(parent, nullptr, 0);
  for (int i = 0; i < 2000 && !IsGone(child); ++i) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_TRUE(IsGone(child));
}

}  // namespace process_test
}  // namespace plelab
