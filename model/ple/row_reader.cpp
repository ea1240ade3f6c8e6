#include "model/ple/row_reader.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace plelab {
namespace {

constexpr int64_t kLargestReadBytes = 1024 * 1024;

// The positions of `rows`, sorted by row.
std::vector<int32_t> SortedPositions(std::span<const int64_t> rows) {
  std::vector<int32_t> order(rows.size());
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(), [&](int32_t a, int32_t b) { return rows[a] < rows[b]; });
  return order;
}

}  // namespace

void RowReader::Read(std::span<const int64_t> rows, LayerMajorRows& out,
                     const std::atomic<bool>& abandoned) const {
  if (rows.size() == 1) return ReadRows(rows.front(), 1, out.data());

  const int64_t row_bytes = geometry_.row_bytes();
  const int64_t most_rows =
      std::clamp<int64_t>(kLargestReadBytes / row_bytes, 1, std::max<int64_t>(out.size(), 1));
  const auto run = std::make_unique_for_overwrite<std::byte[]>(most_rows * row_bytes);
  const std::vector<int32_t> order = SortedPositions(rows);
  for (size_t begin = 0, end = 0; begin < order.size() && !abandoned; begin = end) {
    const int64_t first = rows[order[begin]];
    int64_t last = first;
    for (end = begin; end < order.size(); ++end) {
      const int64_t row = rows[order[end]];
      if (row > last + 1 || row - first >= most_rows) break;
      last = row;
    }
    ReadRows(first, last - first + 1, run.get());
    for (size_t i = begin; i < end; ++i) out.Put(order[i], run.get() + (rows[order[i]] - first) * row_bytes);
  }
}

void RowReader::ReadRows(int64_t first, int64_t count, std::byte* out) const {
  try {
    file_->Read(OffsetOf(first), {out, static_cast<size_t>(count * geometry_.row_bytes())});
  } catch (const ReadError& error) {
    const int64_t row = first + (error.failed_at() - OffsetOf(first)) / geometry_.row_bytes();
    throw RunError("PLE row {} at offset {}: {}", row, OffsetOf(row), error.what());
  }
}

}  // namespace plelab
