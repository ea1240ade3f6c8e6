#include "harness/support/interrupt.h"

#include <csignal>

namespace plelab {
namespace {

volatile std::sig_atomic_t interrupted = 0;

extern "C" void OnSignal(int signal) {
  interrupted = 1;
  std::signal(signal, SIG_DFL);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  interrupted = 0;
  std::signal(SIGINT, OnSignal);
  std::signal(SIGTERM, OnSignal);
}

InterruptGuard::~InterruptGuard() {
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

bool IsInterrupted() { return interrupted != 0; }

void ThrowIfInterrupted() {
  if (IsInterrupted()) throw Interrupted();
}

}  // namespace plelab
