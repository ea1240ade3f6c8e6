#include "tests/support/tensor_ple.h"

#include <utility>
#include <vector>

#include "model/weights/torch_dtype.h"

namespace plelab {
namespace {

class TensorPleRequest : public PleRequest {
 public:
  TensorPleRequest(PleKind kind, torch::Tensor rows) : kind_(kind), rows_(std::move(rows)) {}
  PleKind kind() const override { return kind_; }
  std::span<const std::byte> Layer(int64_t layer) override {
    if (kind_ == PleKind::kProjectionOnly || kind_ == PleKind::kBlockOff) return {};
    const torch::Tensor of_layer = rows_[layer];
    return {static_cast<const std::byte*>(of_layer.const_data_ptr()), of_layer.nbytes()};
  }

 private:
  PleKind kind_;
  torch::Tensor rows_;  // [layers, n, dim]
};

class TensorPle : public PleSource {
 public:
  TensorPle(torch::Tensor table, int64_t layers, PleKind kind) : table_(std::move(table)), kind_(kind) {
    const DType dtype = table_.scalar_type() == torch::kBFloat16 ? DType::kBFloat16 : DType::kFloat32;
    geometry_ = {.vocab = table_.size(0), .layers = layers, .dim = table_.size(1) / layers, .dtype = dtype};
  }
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override {
    std::vector<int64_t> rows;
    for (const int64_t id : ids) rows.push_back(PleRowOfId(id, geometry_.vocab));
    const torch::Tensor taken = table_.index_select(0, torch::tensor(rows, torch::kInt64));
    const auto n = static_cast<int64_t>(ids.size());
    return std::make_unique<TensorPleRequest>(
        kind_, taken.view({n, geometry_.layers, geometry_.dim}).transpose(0, 1).contiguous());
  }
  PleStats stats() const override { return {}; }
  const PleGeometry& geometry() const override { return geometry_; }
  int64_t fast_bytes() const override { return geometry_.table_bytes(); }

 private:
  torch::Tensor table_;
  PleKind kind_;
  PleGeometry geometry_;
};

}  // namespace

std::unique_ptr<PleSource> MakeTensorPle(const torch::Tensor& table, int64_t layers, PleKind kind) {
  return std::make_unique<TensorPle>(table.detach().contiguous(), layers, kind);
}

torch::Tensor ReadPleTable(const Checkpoint& checkpoint) {
  const std::string prefix = checkpoint.config().text_only ? "model." : "model.language_model.";
  const TensorInfo* info = checkpoint.Find(prefix + "embed_tokens_per_layer.weight");
  TORCH_CHECK(info != nullptr, "the checkpoint has no PLE table");
  torch::Tensor table = torch::empty(info->shape, TorchType(info->dtype));
  checkpoint.ReadRange(*info, 0, {static_cast<std::byte*>(table.data_ptr()), table.nbytes()});
  return table;
}

}  // namespace plelab
