#include "harness/support/progress.h"

#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "harness/support/interrupt.h"
#include "harness/support/message.h"
#include "harness/support/units.h"
#include "model/base/format.h"

namespace plelab {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kQuiet{1000};        // shorter work shows nothing
constexpr std::chrono::milliseconds kRedraw{100};        // on a terminal
constexpr std::chrono::milliseconds kLineEvery{10'000};  // elsewhere: a log that can still be read
constexpr int kBarCells = 24;
constexpr double kLeastToTellTheRest = 0.02;  // before, what was loaded first counts for hours

double Seconds(Clock::duration duration) { return std::chrono::duration<double>(duration).count(); }

std::string Bar(double share) {
  const int full = static_cast<int>(std::lround(share * kBarCells));
  std::string bar;
  for (int i = 0; i < kBarCells; ++i) bar += i < full ? "█" : "·";
  return bar;
}

int TerminalColumns(std::FILE* stream) {
  winsize size{};
  if (ioctl(fileno(stream), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 100;
  return size.ws_col;
}

// The first `columns` characters (UTF-8 code points) of the text: a line that wraps could not be overwritten.
std::string Truncate(const std::string& text, int columns) {
  int seen = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool starts_character = (static_cast<unsigned char>(text[i]) & 0xC0) != 0x80;
    if (starts_character && ++seen > columns) return text.substr(0, i);
  }
  return text;
}

std::function<void(int64_t, int64_t)> NotedProgress(std::string what, std::string (*note)(int64_t, int64_t)) {
  return
      [what = std::move(what), note, bar = std::shared_ptr<Progress>()](int64_t done, int64_t total) mutable {
        if (!bar) bar = std::make_shared<Progress>(what, total);
        bar->Update(done, note(done, total));
        if (done == total) bar->Finish();
      };
}

}  // namespace

ProgressOutput ProgressOutput::Standard() {
  return {.stream = stderr, .terminal = isatty(STDERR_FILENO) == 1};
}

Progress::Progress(std::string what, int64_t total, ProgressOutput output)
    : what_(Printable(what)),
      total_(total),
      output_(std::move(output)),
      started_(output_.now()),
      drawn_(started_) {}

Progress::~Progress() {
  if (finished_ || !shown_) return;
  WriteLine(Format("{}: stopped after {}", what_, Describe(Seconds(output_.now() - started_))));
}

void Progress::Update(int64_t done, const std::string& note) {
  ThrowIfInterrupted();
  done_ = done;
  note_ = note;
  const auto now = output_.now();
  if (now - started_ < kQuiet) return;
  if (shown_ && now - drawn_ < (output_.terminal ? kRedraw : kLineEvery)) return;
  Draw(now);
}

void Progress::Finish(const std::string& note) {
  if (finished_) return;
  finished_ = true;
  const auto elapsed = output_.now() - started_;
  if (elapsed < kQuiet) return;
  WriteLine(
      Format("{}: done in {}{}", what_, ReadableSeconds(Seconds(elapsed)), note.empty() ? "" : ", " + note));
}

std::string Progress::Describe(double elapsed_s) const {
  std::string text;
  if (total_ > 0) text += Format("{:.0f} %, ", 100.0 * Share());
  text += "elapsed " + ReadableSeconds(elapsed_s);
  if (total_ > 0 && Share() >= kLeastToTellTheRest && done_ < total_) {
    text += Format(", {} left", ReadableSeconds(elapsed_s / Share() - elapsed_s));
  }
  if (!note_.empty()) text += ", " + Printable(note_);
  return text;
}

double Progress::Share() const {
  return std::clamp(static_cast<double>(done_) / static_cast<double>(total_), 0.0, 1.0);
}

void Progress::Draw(Clock::time_point now) {
  const std::string state = Describe(Seconds(now - started_));
  shown_ = true;
  drawn_ = now;
  if (!output_.terminal) return WriteLine(Format("{}: {}", what_, state));
  const std::string bar = total_ > 0 ? Format("  [{}]", Bar(Share())) : "";
  const std::string line = Format("{}{}  {}", what_, bar, state);
  Write(Format("\r{}\x1b[K", Truncate(line, TerminalColumns(output_.stream) - 1)));
}

void Progress::WriteLine(const std::string& line) {
  // On a terminal this line replaces the bar.
  Write(output_.terminal ? "\r" + line + "\x1b[K\n" : line + "\n");
}

void Progress::Write(const std::string& text) {
  // Not fmt::print: the destructor must not throw when stderr is a closed pipe.
  std::fputs(text.c_str(), output_.stream);
  std::fflush(output_.stream);
}

std::function<void(int64_t, int64_t)> ProgressOf(std::string what) {
  return NotedProgress(std::move(what), [](int64_t, int64_t) { return std::string(); });
}

std::function<void(int64_t, int64_t)> ProgressOfBytes(std::string what) {
  return NotedProgress(std::move(what), [](int64_t done, int64_t total) {
    return Format("{} of {}", ReadableBytes(done), ReadableBytes(total));
  });
}

}  // namespace plelab
