#include "experiments/replay/measure/replayed_step.h"

#include <cstring>
#include <memory>
#include <vector>

#include "experiments/replay/tables/random_file.h"
#include "harness/support/timer.h"

namespace plelab {
namespace {

uint64_t WordSum(std::span<const std::byte> bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i + sizeof(uint64_t) <= bytes.size(); i += sizeof(uint64_t)) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, sizeof word);
    sum += word;
  }
  return sum;
}

// The slice of the table that a group's rows have for the layer of the model that just ended; −1: none.
int64_t SliceAtEndOf(int64_t model_layer, const ReplayGeometry& geometry, const RowGroup& group) {
  if (geometry.table.layers > 1) return model_layer < geometry.table.layers ? model_layer : -1;
  return model_layer == group.needed_after_layer ? 0 : -1;
}

}  // namespace

StepOutcome ReplayStep(StandIn& stand_in, const ReplayGeometry& geometry, const StepRows& rows,
                       PleSource* source) {
  StepOutcome outcome;
  const Timer timer;
  std::vector<std::unique_ptr<PleRequest>> requests;
  for (size_t group = 0; source != nullptr && group < rows.size(); ++group) {
    requests.push_back(source->Begin(rows[group]));
  }
  for (int64_t layer = 0; layer < stand_in.layers(); ++layer) {
    stand_in.Layer();
    for (size_t group = 0; group < requests.size(); ++group) {
      const int64_t slice = SliceAtEndOf(layer, geometry, geometry.groups[group]);
      if (slice >= 0) outcome.checksum += WordSum(requests[group]->Layer(slice));
    }
  }
  requests.clear();
  outcome.step_ns = timer.ns();
  return outcome;
}

uint64_t ExpectedChecksum(const ReplayGeometry& geometry, const StepRows& rows, uint64_t seed) {
  uint64_t sum = 0;
  std::vector<std::byte> row(static_cast<size_t>(geometry.table.row_bytes()));
  for (const auto& of_group : rows) {
    for (const int64_t index : of_group) {
      FillRandom(seed, index * std::ssize(row), row);
      sum += WordSum(row);
    }
  }
  return sum;
}

}  // namespace plelab
