// A Chrome trace (chrome://tracing, ui.perfetto.dev) of what happened when: phases and every step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/support/timer.h"

namespace plelab {

class Timeline {
 public:
  // `track` is a row of the trace (a variant's name, or "run").  Times are in ns since this object was made.
  void Add(const std::string& track, const std::string& name, int64_t start_ns, int64_t duration_ns);
  int64_t now_ns() const { return clock_.ns(); }
  // Throws RunError.
  void Write(const std::string& path) const;

 private:
  struct Event {
    int64_t track;
    std::string name;
    int64_t start_ns, duration_ns;
  };
  Timer clock_;
  std::vector<std::string> tracks_;
  std::vector<Event> events_;
};

// Adds the time from construction to destruction.  `timeline` may be nullptr.
class TimelineSpan {
 public:
  TimelineSpan(Timeline* timeline, std::string track, std::string name)
      : timeline_(timeline), track_(std::move(track)), name_(std::move(name)) {
    if (timeline_) start_ns_ = timeline_->now_ns();
  }
  ~TimelineSpan() {
    if (timeline_) timeline_->Add(track_, name_, start_ns_, timeline_->now_ns() - start_ns_);
  }
  TimelineSpan(const TimelineSpan&) = delete;
  TimelineSpan& operator=(const TimelineSpan&) = delete;

 private:
  Timeline* timeline_;
  std::string track_, name_;
  int64_t start_ns_ = 0;
};

}  // namespace plelab
