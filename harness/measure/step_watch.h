// Watches one decode step: when each of its parts ran, when the model's thread was in the source of rows, and
// when rows were read.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "model/ple/ple_source.h"
#include "model/ple/read_observer.h"
#include "model/text/decode/step_part.h"

namespace plelab {

// Something that lasted from start_ns on, by the harness's clock.
struct WatchedSpan {
  std::string name;
  int64_t layer = kNoLayer;
  int64_t start_ns = 0, duration_ns = 0;
};

// A step that was watched.  The times of its parts and rows_ns add up to the whole.
struct StepTimes {
  int64_t start_ns = 0, duration_ns = 0;  // of the step, by the harness's clock
  ByStepPart<int64_t> part_ns;            // without the time in the source
  // The time of the model's thread in the source: asking for rows, waiting for them or gathering them, giving
  // them back.
  int64_t rows_ns = 0;
  std::vector<WatchedSpan> parts;  // one after the other, rows included; empty: the step has no parts
  std::vector<WatchedSpan> rows;   // the time in the source, within parts or before the first one
  std::vector<WatchedSpan> reads;  // in any thread
};

class StepWatch : public StepObserver, public ReadObserver {
 public:
  // The step begins.  `source`, which must outlive the watch, tells it of its reads until Finish.
  explicit StepWatch(PleSource& source);
  ~StepWatch() override;
  StepWatch(const StepWatch&) = delete;
  StepWatch& operator=(const StepWatch&) = delete;

  // Asks the source for rows.  The request must not outlive the watch, which sees when the model is in it.
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids);
  // The step ends; to be called once, when its request is gone.
  StepTimes Finish();

  void EndPart(StepPart part, int64_t layer) override;
  void SeeRead(int64_t begin_ns, int64_t end_ns) override;

 private:
  class Request;
  // The model's thread was in the source from start_ns until now.
  void EndRows(int64_t start_ns, int64_t layer);

  PleSource& source_;
  StepTimes times_;
  int64_t part_since_ns_ = 0;    // when the part under way began
  int64_t rows_of_part_ns_ = 0;  // the time in the source since then
  std::mutex mutex_;             // of the reads, which other threads report
};

}  // namespace plelab
