#include "model/ple/transforms/transformed_ple.h"

#include <vector>

#include "model/ple/formats/row_values.h"

namespace plelab {
namespace {

class TransformedRequest : public PleRequest {
 public:
  TransformedRequest(const PleGeometry& geometry, const RowTransform& transform,
                     std::unique_ptr<PleRequest> below, std::span<const int64_t> ids)
      : geometry_(geometry),
        transform_(transform),
        below_(std::move(below)),
        rows_(PleRowsOfIds(ids, geometry.vocab)),
        changed_(geometry.layers) {}

  PleKind kind() const override { return below_->kind(); }
  std::span<const std::byte> Layer(int64_t layer) override {
    const auto given = below_->Layer(layer);
    if (!transform_.Changes(layer)) return given;
    if (changed_[layer].empty()) changed_[layer] = Change(layer, given);
    return changed_[layer];
  }

 private:
  std::vector<std::byte> Change(int64_t layer, std::span<const std::byte> given) const {
    std::vector<float> values(rows_.size() * geometry_.dim);
    LoadValues(geometry_.dtype, given, values);
    transform_.Apply(layer, rows_, values);
    std::vector<std::byte> bytes(given.size());
    StoreValues(geometry_.dtype, values, bytes);
    return bytes;
  }

  const PleGeometry& geometry_;
  const RowTransform& transform_;
  std::unique_ptr<PleRequest> below_;
  std::vector<int64_t> rows_;                    // [n]
  std::vector<std::vector<std::byte>> changed_;  // [layers][n, dim]; empty until the layer is requested
};

}  // namespace

std::unique_ptr<PleRequest> TransformedPle::Begin(std::span<const int64_t> ids) {
  return std::make_unique<TransformedRequest>(geometry(), *transform_, over().Begin(ids), ids);
}

}  // namespace plelab
