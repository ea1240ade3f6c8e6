#include "model/ple/row_reader.h"

#include <algorithm>
#include <numeric>

#include "model/base/error.h"
#include "model/base/format.h"

namespace plelab {
namespace {

constexpr int64_t kLargestReadBytes = 1024 * 1024;

}  // namespace

RowBatch::RowBatch(const PleTable& table, RandomAccessFile& file, std::span<const int64_t> rows)
    : table_(table) {
  FindPlaces(rows);
  FindRuns();
  std::vector<ReadRange> ranges;
  for (const Run& run : runs_) ranges.push_back(RangeOf(run));
  completion_ = file.Submit(ranges);
}

void RowBatch::FindPlaces(std::span<const int64_t> rows) {
  std::vector<std::pair<int64_t, int64_t>> sorted;  // place and row
  for (const int64_t row : rows) sorted.emplace_back(table_.PlaceOf(row), row);
  std::ranges::sort(sorted);
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  for (const auto& [place, row] : sorted) {
    places_.push_back(place);
    rows_of_places_.push_back(row);
  }
  for (const int64_t row : rows) {
    const auto found = std::ranges::lower_bound(places_, table_.PlaceOf(row));
    place_of_.push_back(static_cast<int32_t>(found - places_.begin()));
  }
}

void RowBatch::SortPositions() {
  by_place_.resize(place_of_.size());
  std::iota(by_place_.begin(), by_place_.end(), 0);
  std::ranges::stable_sort(by_place_, {}, [&](int32_t position) { return place_of_[position]; });
  first_by_place_.assign(places_.size() + 1, 0);
  for (const int32_t place : place_of_) ++first_by_place_[place + 1];
  std::partial_sum(first_by_place_.begin(), first_by_place_.end(), first_by_place_.begin());
}

void RowBatch::FindRuns() {
  const int64_t most = std::max<int64_t>(1, kLargestReadBytes / table_.part_stride());
  for (size_t i = 0; i < places_.size(); ++i) {
    const bool follows =
        i > 0 && places_[i] == places_[i - 1] + 1 && places_[i] - places_[runs_.back().begin] < most;
    if (!follows) runs_.push_back({.begin = i});
    runs_.back().end = i + 1;
    run_of_place_.push_back(static_cast<int32_t>(runs_.size() - 1));
  }
  runs_per_part_ = runs_.size();
  for (int64_t part = 1; part < table_.parts(); ++part) {
    for (size_t i = 0; i < runs_per_part_; ++i) {
      runs_.push_back(runs_[i]);
      runs_.back().part = part;
    }
  }
}

ReadRange RowBatch::RangeOf(const Run& run) const {
  const int64_t begin = table_.OffsetOf(places_[run.begin], run.part);
  return {begin, table_.OffsetOf(places_[run.end - 1], run.part) + table_.part_bytes() - begin};
}

void RowBatch::Wait(size_t index) {
  Run& run = runs_.at(index);
  try {
    run.bytes = completion_->Wait(index).data();
  } catch (const ReadError& error) {
    const int64_t failed = (error.failed_at() - RangeOf(run).offset_bytes) / table_.part_stride();
    const size_t place = std::min(run.begin + static_cast<size_t>(failed), run.end - 1);
    throw RunError("PLE row {}{} at offset {}: {}", rows_of_places_[place],
                   table_.parts() > 1 ? Format(" of layer {}", run.part) : "",
                   table_.OffsetOf(places_[place], run.part), error.what());
  }
}

std::span<const int32_t> RowBatch::PositionsOf(size_t index) {
  if (first_by_place_.empty()) SortPositions();
  const Run& run = runs_.at(index);
  const int32_t begin = first_by_place_[run.begin], end = first_by_place_[run.end];
  return std::span(by_place_).subspan(begin, end - begin);
}

std::pair<int64_t, int64_t> RowBatch::LayersOf(size_t index) const {
  const int64_t per_part = table_.layers_per_part(), part = runs_.at(index).part;
  return {part * per_part, (part + 1) * per_part};
}

const std::byte* RowBatch::Slice(int64_t position, int64_t layer) const {
  const int64_t per_part = table_.layers_per_part();
  const auto place = static_cast<size_t>(place_of_[static_cast<size_t>(position)]);
  const Run& run = runs_[static_cast<size_t>(layer / per_part) * runs_per_part_ + run_of_place_[place]];
  return run.bytes + static_cast<int64_t>(place - run.begin) * table_.part_stride() +
         layer % per_part * table_.slice_bytes();
}

}  // namespace plelab
