// The times of a watched step, by a clock that stands still but for what the model and the source take.
#include "harness/measure/step_watch.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/support/fake_clock.h"

namespace plelab {
namespace step_watch_test {

using testing::FakeClock;

// Takes 5 ns to be asked, 7 for each layer, and 11 to give the rows back; each layer is one read of 3 ns.
class Slow : public PleSource {
 public:
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t>) override {
    FakeClock::Add(5);
    return std::make_unique<Request>(*this);
  }
  PleStats stats() const override { return {}; }
  const PleGeometry& geometry() const override { return geometry_; }
  int64_t fast_bytes() const override { return 0; }
  void ObserveReads(ReadObserver* observer) override { observer_ = observer; }
  ReadObserver* observer_ = nullptr;

 private:
  struct Request : PleRequest {
    explicit Request(Slow& source) : source(source) {}
    ~Request() override { FakeClock::Add(11); }
    PleKind kind() const override { return PleKind::kFolded; }
    std::span<const std::byte> Layer(int64_t) override {
      FakeClock::Add(7);
      const int64_t now = FakeClock::now_ns();
      if (source.observer_ != nullptr) source.observer_->SeeRead(now - 3, now);
      return {};
    }
    Slow& source;
  };
  PleGeometry geometry_;
};

// A span as text: "ffn0 5+20".
std::vector<std::string> TextOf(const std::vector<WatchedSpan>& spans) {
  std::vector<std::string> text;
  for (const WatchedSpan& span : spans) {
    text.push_back(span.name + (span.layer == kNoLayer ? "" : std::to_string(span.layer)) + " " +
                   std::to_string(span.start_ns) + "+" + std::to_string(span.duration_ns));
  }
  return text;
}

// A step of one layer that begins at 100.
StepTimes Watched(Slow& source) {
  const FakeClock clock(/*tick_ns=*/0);
  FakeClock::Add(100);
  StepWatch watch(source);
  auto request = watch.Begin(std::vector<int64_t>{1});
  EXPECT_EQ(request->kind(), PleKind::kFolded);
  FakeClock::Add(20);
  watch.EndPart(StepPart::kInput, kNoLayer);
  FakeClock::Add(2);
  request->Layer(0);
  FakeClock::Add(1);
  watch.EndPart(StepPart::kPle, 0);
  FakeClock::Add(50);
  watch.EndPart(StepPart::kLogits, kNoLayer);
  request.reset();
  return watch.Finish();
}

TEST(StepWatch, EachMomentOfAStepIsOfOnePartOrOfTheSource) {
  Slow source;
  const StepTimes times = Watched(source);
  EXPECT_EQ(times.start_ns, 100);
  EXPECT_EQ(times.duration_ns, 5 + 20 + 2 + 7 + 1 + 50 + 11);
  EXPECT_EQ(times.part_ns[StepPart::kInput], 20);
  EXPECT_EQ(times.part_ns[StepPart::kPle], 2 + 1) << "without waiting for rows";
  EXPECT_EQ(times.part_ns[StepPart::kLogits], 50);
  EXPECT_EQ(times.part_ns[StepPart::kFfn], 0);
  EXPECT_EQ(times.rows_ns, 5 + 7 + 11);
}

TEST(StepWatch, SpansLieWhereTheyWere) {
  Slow source;
  const StepTimes times = Watched(source);
  EXPECT_THAT(TextOf(times.parts), ::testing::ElementsAre("input 105+20", "ple0 125+10", "logits 135+50"));
  EXPECT_THAT(TextOf(times.rows), ::testing::ElementsAre("rows 100+5", "rows0 127+7", "rows 185+11"));
  EXPECT_THAT(TextOf(times.reads), ::testing::ElementsAre("read 131+3"));
}

TEST(StepWatch, NobodyIsToldOfReadsAfterwards) {
  Slow source;
  Watched(source);
  EXPECT_EQ(source.observer_, nullptr);
  {
    const StepWatch unfinished(source);
    EXPECT_NE(source.observer_, nullptr);
  }
  EXPECT_EQ(source.observer_, nullptr);
}

}  // namespace step_watch_test
}  // namespace plelab
