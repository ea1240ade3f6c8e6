#include "model/io/sigbus_guard.h"

#include <pthread.h>
#include <ucontext.h>

#include <atomic>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <mutex>

namespace plelab {
namespace {

struct Guard {
  sigjmp_buf jump;
  uintptr_t begin = 0;
  uintptr_t end = 0;
  uintptr_t fault = 0;
};

// The guard under which this thread copies.  It is a plain pointer that the thread has accessed before any
// guarded fault, so that reading it in the handler allocates nothing.
constinit thread_local Guard* active_guard = nullptr;
struct sigaction previous_action;

// Does what would have happened without our handler.
void PassOn(int signal, siginfo_t* info, void* context) {
  if ((previous_action.sa_flags & SA_SIGINFO) != 0) {
    previous_action.sa_sigaction(signal, info, context);
    return;
  }
  const bool is_fault = info->si_code > 0;  // otherwise sent by kill()
  if (previous_action.sa_handler == SIG_IGN && !is_fault) return;
  if (previous_action.sa_handler != SIG_DFL && previous_action.sa_handler != SIG_IGN) {
    previous_action.sa_handler(signal);
    return;
  }
  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(SIGBUS, &standard, nullptr);
  if (!is_fault) ::raise(signal);
  // For a fault, returning runs the instruction again, so that the core dump shows it.
}

void HandleSigbus(int signal, siginfo_t* info, void* context) {
  Guard* guard = active_guard;
  const auto address = reinterpret_cast<uintptr_t>(info->si_addr);
  if (guard == nullptr || info->si_code <= 0 || address < guard->begin || address >= guard->end) {
    PassOn(signal, info, context);
    return;
  }
  guard->fault = address;
  active_guard = nullptr;
  // The signals that are blocked during the handler are unblocked here, only when a fault occurred.  A
  // sigsetjmp that saves the mask would cost a system call for every copy.
  ::pthread_sigmask(SIG_SETMASK, &static_cast<ucontext_t*>(context)->uc_sigmask, nullptr);
  siglongjmp(guard->jump, 1);
}

void InstallOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action = {};
    action.sa_sigaction = HandleSigbus;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    ::sigaction(SIGBUS, nullptr, &previous_action);  // known before our handler can run
    ::sigaction(SIGBUS, &action, nullptr);
  });
}

}  // namespace

// No object in this function has a destructor, so the jump skips none.  memcpy is async-signal-safe, so the
// jump may leave it unfinished.
const void* CopyFromMapping(void* to, const void* from, size_t size) {
  InstallOnce();
  Guard guard;
  guard.begin = reinterpret_cast<uintptr_t>(from);
  guard.end = guard.begin + size;
  if (sigsetjmp(guard.jump, 0) != 0) return reinterpret_cast<const void*>(guard.fault);
  active_guard = &guard;
  std::atomic_signal_fence(std::memory_order_seq_cst);
  std::memcpy(to, from, size);
  std::atomic_signal_fence(std::memory_order_seq_cst);
  active_guard = nullptr;
  return nullptr;
}

}  // namespace plelab
