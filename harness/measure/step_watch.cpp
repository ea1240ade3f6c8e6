#include "harness/measure/step_watch.h"

#include <utility>

#include "harness/support/timer.h"

namespace plelab {

// The request of another source, and when the model is in it.
class StepWatch::Request : public PleRequest {
 public:
  Request(StepWatch& watch, std::unique_ptr<PleRequest> request)
      : watch_(watch), request_(std::move(request)) {}

  PleKind kind() const override { return request_->kind(); }
  std::span<const std::byte> Layer(int64_t layer) override {
    const int64_t start_ns = NowNs();
    const std::span<const std::byte> rows = request_->Layer(layer);
    watch_.EndRows(start_ns, layer);
    return rows;
  }
  const std::byte* Slice(int64_t layer, int64_t position, int64_t slice_bytes) override {
    return request_->Slice(layer, position, slice_bytes);
  }

 private:
  StepWatch& watch_;
  std::unique_ptr<PleRequest> request_;
};

StepWatch::StepWatch(PleSource& source) : source_(source) {
  source_.ObserveReads(this);
  times_.start_ns = part_since_ns_ = NowNs();
}

StepWatch::~StepWatch() { source_.ObserveReads(nullptr); }

std::unique_ptr<PleRequest> StepWatch::Begin(std::span<const int64_t> ids) {
  auto request = std::make_unique<Request>(*this, source_.Begin(ids));
  EndRows(times_.start_ns, kNoLayer);
  part_since_ns_ = times_.rows.back().start_ns + times_.rows.back().duration_ns;
  rows_of_part_ns_ = 0;
  return request;
}

void StepWatch::EndRows(int64_t start_ns, int64_t layer) {
  const int64_t ns = NowNs() - start_ns;
  times_.rows.push_back({"rows", layer, start_ns, ns});
  times_.rows_ns += ns;
  rows_of_part_ns_ += ns;
}

void StepWatch::EndPart(StepPart part, int64_t layer) {
  const int64_t now = NowNs(), ns = now - part_since_ns_;
  times_.parts.push_back({std::string(Name(part)), layer, part_since_ns_, ns});
  times_.part_ns[part] += ns - rows_of_part_ns_;
  part_since_ns_ = now;
  rows_of_part_ns_ = 0;
}

void StepWatch::SeeRead(int64_t begin_ns, int64_t end_ns) {
  const std::lock_guard lock(mutex_);
  times_.reads.push_back({"read", kNoLayer, begin_ns, end_ns - begin_ns});
}

StepTimes StepWatch::Finish() {
  EndRows(part_since_ns_, kNoLayer);
  times_.duration_ns = part_since_ns_ + times_.rows.back().duration_ns - times_.start_ns;
  source_.ObserveReads(nullptr);
  return std::move(times_);
}

}  // namespace plelab
