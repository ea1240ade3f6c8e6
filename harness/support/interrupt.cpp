#include "harness/support/interrupt.h"

#include <csignal>
#include <iterator>

namespace plelab {
namespace {

constexpr int kSignals[] = {SIGINT, SIGTERM, SIGHUP};

volatile std::sig_atomic_t interrupted = 0;
int guards = 0;
struct sigaction earlier[std::size(kSignals)];

extern "C" void OnSignal(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  if (guards++ > 0) return;
  interrupted = 0;
  for (size_t i = 0; i < std::size(kSignals); ++i) {
    ::sigaction(kSignals[i], nullptr, &earlier[i]);
    // What the parent has set to be ignored stays so: nohup, and the background jobs of a script.
    if (earlier[i].sa_handler != SIG_IGN) std::signal(kSignals[i], OnSignal);
  }
}

InterruptGuard::~InterruptGuard() {
  if (--guards > 0) return;
  for (size_t i = 0; i < std::size(kSignals); ++i) ::sigaction(kSignals[i], &earlier[i], nullptr);
}

bool IsInterrupted() { return interrupted != 0; }

void ThrowIfInterrupted() {
  if (guards > 0 && IsInterrupted()) throw Interrupted();
}

}  // namespace plelab
