#include "harness/support/interrupt.h"

#include <gtest/gtest.h>

#include <csignal>

#include "harness/support/progress.h"
#include "model/base/trial.h"

namespace plelab {
namespace interrupt_test {

void Handler(int) {}

TEST(Interrupt, EachOfTheThreeSignalsStopsWhatShowsProgress) {
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
    const InterruptGuard guard;
    Progress bar("work", 10);
    bar.Update(1);
    std::raise(signal);
    EXPECT_THROW(bar.Update(2), Interrupted) << signal;
  }
}

TEST(Interrupt, OnlyTheOuterGuardPutsTheHandlersBack) {
  std::signal(SIGHUP, Handler);
  {
    const InterruptGuard outer;
    { const InterruptGuard inner; }
    std::raise(SIGHUP);
    EXPECT_THROW(ThrowIfInterrupted(), Interrupted);
    { const InterruptGuard inner; }
    EXPECT_TRUE(IsInterrupted()) << "an inner guard does not forget a signal";
  }
  EXPECT_NO_THROW(ThrowIfInterrupted());
  EXPECT_EQ(std::signal(SIGHUP, SIG_DFL), Handler);
}

// nohup and the background jobs of a script start a program with signals ignored.
TEST(Interrupt, AnIgnoredSignalStaysIgnored) {
  std::signal(SIGHUP, SIG_IGN);
  {
    const InterruptGuard guard;
    std::raise(SIGHUP);
    EXPECT_FALSE(IsInterrupted());
  }
  EXPECT_EQ(std::signal(SIGHUP, SIG_DFL), SIG_IGN);
}

TEST(Interrupt, TheSecondSignalEndsTheProcess) {
  const TrialResult result = TryInChild([] {
    const InterruptGuard guard;
    std::raise(SIGTERM);
    std::raise(SIGTERM);
  });
  EXPECT_EQ(result.signal, SIGTERM);
}

}  // namespace interrupt_test
}  // namespace plelab
