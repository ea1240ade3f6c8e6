#include "model/ple/sources/speculative_ple.h"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "model/base/error.h"
#include "model/ple/decoded_rows.h"

namespace plelab {

// Rows of two requests below: of the one that was expected, and of one for all other rows.
class SpeculativePle::Request : public PleRequest {
 public:
  Request(SpeculativePle& source, std::span<const int64_t> rows)
      : source_(source), rows_(rows.begin(), rows.end()), expected_(source.expected_) {
    std::vector<int64_t> others;
    for (const int64_t row : rows_) {
      const auto found = std::ranges::find(source.expected_rows_, row);
      const bool hit = found != source.expected_rows_.end();
      places_.push_back({hit, hit ? found - source.expected_rows_.begin() : std::ssize(others)});
      if (!hit) others.push_back(row);
    }
    hits_ = std::ssize(rows_) - std::ssize(others);
    if (hits_ < std::ssize(rows_) || rows_.empty()) others_ = source.over().Begin(others);
    gathered_.resize(source.geometry().layers);
  }

  int64_t hits() const { return hits_; }

  std::span<const std::byte> Layer(int64_t layer) override {
    CheckPleLayer(source_.geometry(), layer);
    const auto bytes = static_cast<size_t>(source_.geometry().layer_bytes());
    return Trying([&]() -> std::span<const std::byte> {
      if (hits_ == 0) return others_->Layer(layer);
      if (places_.size() == 1) return expected_->Layer(layer).subspan(places_[0].position * bytes, bytes);
      std::vector<std::byte>& all = gathered_[layer];
      all.resize(places_.size() * bytes);
      for (size_t i = 0; i < places_.size(); ++i) {
        const auto from = Below(places_[i]).Layer(layer).subspan(places_[i].position * bytes, bytes);
        std::ranges::copy(from, all.begin() + static_cast<std::ptrdiff_t>(i * bytes));
      }
      return all;
    });
  }
  const std::byte* Slice(int64_t layer, int64_t position, int64_t slice_bytes) override {
    return Trying([&] {
      const Place& place = places_.at(position);
      return Below(place).Slice(layer, place.position, slice_bytes);
    });
  }

 private:
  struct Place {
    bool is_expected;
    std::ptrdiff_t position;  // in its request
  };

  PleRequest& Below(const Place& place) { return place.is_expected ? *expected_ : *others_; }

  // Once an expected read has failed, this request reads all of its rows itself.
  template <class Look>
  std::invoke_result_t<Look> Trying(Look look) {
    try {
      return look();
    } catch (const RunError&) {
      if (hits_ == 0) throw;
      retired_ = std::exchange(others_, source_.over().Begin(rows_));  // what it returned stays valid
      for (size_t i = 0; i < places_.size(); ++i) places_[i] = {false, static_cast<std::ptrdiff_t>(i)};
      hits_ = 0;
      return look();
    }
  }

  SpeculativePle& source_;
  std::vector<int64_t> rows_;
  std::shared_ptr<PleRequest> expected_;
  std::unique_ptr<PleRequest> retired_;
  std::unique_ptr<PleRequest> others_;  // nullptr where every row was expected
  std::vector<Place> places_;           // [n]
  int64_t hits_ = 0;
  std::vector<std::vector<std::byte>> gathered_;  // [layers], where rows come from both
};

SpeculativePle::SpeculativePle(std::unique_ptr<PleSource> over, int64_t candidates)
    : PleWrapper(std::move(over)), candidates_(candidates) {}

std::unique_ptr<PleRequest> SpeculativePle::Begin(std::span<const int64_t> ids) {
  auto request = std::make_unique<Request>(*this, PleRowsOfIds(ids, geometry().vocab));
  counted_.Add(std::ssize(ids), request->hits());
  return request;
}

void SpeculativePle::Expect(std::span<const int64_t> ids) {
  expected_.reset();  // before its successor begins: what it still reads is not wanted any more
  expected_rows_.clear();
  std::vector<int64_t> rows = PleRowsOfIds(ids, geometry().vocab);
  std::ranges::sort(rows);
  const auto repeats = std::ranges::unique(rows);
  rows.erase(repeats.begin(), repeats.end());
  if (rows.empty()) return;
  expected_ = over().Begin(rows);
  expected_rows_ = std::move(rows);
}

void SpeculativePle::StartSequence() {
  Expect({});
  PleWrapper::StartSequence();
}

PleStats SpeculativePle::stats() const { return counted_.Over(PleWrapper::stats(), row_bytes()); }

int64_t SpeculativePle::held_bytes() const {
  return std::ssize(expected_rows_) * row_bytes() + PleWrapper::held_bytes();
}

}  // namespace plelab
