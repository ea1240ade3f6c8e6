#include "harness/record/timeline.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "model/base/output_file.h"

namespace plelab {

void Timeline::Add(const std::string& track, const std::string& name, int64_t start_ns, int64_t duration_ns) {
  auto found = std::find(tracks_.begin(), tracks_.end(), track);
  if (found == tracks_.end()) found = tracks_.insert(found, track);
  events_.push_back({found - tracks_.begin(), name, start_ns, duration_ns});
}

void Timeline::Write(const std::string& path) const {
  auto events = nlohmann::json::array();
  for (size_t i = 0; i < tracks_.size(); ++i) {
    events.push_back(
        {{"ph", "M"}, {"name", "thread_name"}, {"pid", 0}, {"tid", i}, {"args", {{"name", tracks_[i]}}}});
  }
  for (const auto& e : events_) {
    // The format counts in microseconds.
    events.push_back({{"ph", "X"},
                      {"name", e.name},
                      {"pid", 0},
                      {"tid", e.track},
                      {"ts", static_cast<double>(e.start_ns) * 1e-3},
                      {"dur", static_cast<double>(e.duration_ns) * 1e-3}});
  }
  WriteWholeFile(path, nlohmann::json{{"traceEvents", events}, {"displayTimeUnit", "ms"}}.dump() + "\n");
}

}  // namespace plelab
