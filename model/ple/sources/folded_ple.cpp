#include "model/ple/sources/folded_ple.h"

#include <algorithm>

namespace plelab {
namespace {

class FoldedRequest : public PleRequest {
 public:
  explicit FoldedRequest(std::unique_ptr<PleRequest> folded) : folded_(std::move(folded)) {}
  PleKind kind() const override { return PleKind::kFolded; }
  std::span<const std::byte> Layer(int64_t layer) override { return folded_->Layer(layer); }

 private:
  std::unique_ptr<PleRequest> folded_;
};

}  // namespace

std::unique_ptr<PleRequest> FoldedPle::Begin(std::span<const int64_t> ids) {
  const int64_t vocab = folded_->geometry().vocab;
  const bool text = std::all_of(ids.begin(), ids.end(), [&](int64_t id) { return id >= 0 && id < vocab; });
  if (!text) return rows_->Begin(ids);
  return std::make_unique<FoldedRequest>(folded_->Begin(ids));
}

}  // namespace plelab
