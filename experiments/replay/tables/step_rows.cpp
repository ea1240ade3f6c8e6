#include "experiments/replay/tables/step_rows.h"

#include "model/base/random_bits.h"

namespace plelab {
namespace {

int64_t IdAt(std::span<const int64_t> text, int64_t position) { return position < 0 ? 0 : text[position]; }

int64_t NgramRow(const RowGroup& group, std::span<const int64_t> text, int64_t position, int64_t head) {
  const int64_t ids = head < group.rows_per_token / 2 ? 2 : 3;
  auto bits = MixBits(static_cast<uint64_t>(group.first_row) + static_cast<uint64_t>(head));
  for (int64_t back = 0; back < ids; ++back) {
    bits = MixBits(bits ^ static_cast<uint64_t>(IdAt(text, position - back)));
  }
  return group.first_row + static_cast<int64_t>(bits % static_cast<uint64_t>(group.rows));
}

int64_t TokenRow(const RowGroup& group, int64_t published_rows, std::span<const int64_t> text,
                 int64_t position, int64_t user) {
  const int64_t length = std::ssize(text);
  const int64_t start = length / group.rows_per_token * user;
  const int64_t id = text[(start + position) % length];
  return group.first_row + PleRowOfId(id, published_rows) % group.rows;
}

}  // namespace

StepRows RowsOfStep(const ReplayGeometry& geometry, int64_t published_rows, std::span<const int64_t> text,
                    int64_t position) {
  position %= std::ssize(text);
  StepRows rows;
  for (const RowGroup& group : geometry.groups) {
    std::vector<int64_t>& of_group = rows.emplace_back();
    for (int64_t i = 0; i < group.rows_per_token; ++i) {
      of_group.push_back(geometry.rows_of == RowsOf::kTokenId
                             ? TokenRow(group, published_rows, text, position, i)
                             : NgramRow(group, text, position, i));
    }
  }
  return rows;
}

}  // namespace plelab
