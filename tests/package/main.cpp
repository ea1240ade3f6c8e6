// own_source CHECKPOINT: one decode step of the small model with a PLE source that is not part of PLE Lab.
// Succeeds when rows of zeros from our own source give the logits of `dropped, mode=zero_row` bit for bit.
#include <cstdio>
#include <memory>
#include <vector>

#include "model/gemma3n/gemma3n.h"
#include "model/ple/strategies/factory.h"

namespace {

// Every row is 0.
class Zeros : public plelab::PleSource {
 public:
  explicit Zeros(const plelab::PleGeometry& geometry) : geometry_(geometry) {}

  std::unique_ptr<plelab::PleRequest> Begin(std::span<const int64_t> ids) override {
    lookups_ += std::ssize(ids);
    return std::make_unique<Request>(ids.size() * static_cast<size_t>(geometry_.layer_bytes()));
  }
  plelab::PleStats stats() const override { return {.lookups = lookups_, .hits = lookups_}; }
  const plelab::PleGeometry& geometry() const override { return geometry_; }
  int64_t fast_bytes() const override { return 0; }

 private:
  struct Request : plelab::PleRequest {
    explicit Request(size_t bytes) : rows(bytes) {}
    std::span<const std::byte> Layer(int64_t) override { return rows; }
    std::vector<std::byte> rows;
  };
  plelab::PleGeometry geometry_;
  int64_t lookups_ = 0;
};

torch::Tensor Step(plelab::Gemma3n& model, plelab::PleSource& source) {
  plelab::KvCache kv = model.MakeKvCache(/*batch=*/1, /*capacity=*/8);
  const std::vector<int64_t> ids = {42};
  const auto request = source.Begin(ids);
  return model.DecodeStep(ids, kv, *request);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) return 2;
  const auto checkpoint = std::make_shared<const plelab::Checkpoint>(plelab::Checkpoint::Open(argv[1]));
  plelab::Gemma3n model = plelab::Gemma3n::Load(checkpoint, {.dtype = plelab::DType::kFloat32});
  const plelab::PleTable table = checkpoint->ple_table();
  Zeros own(table.geometry);
  const auto dropped = plelab::MakePleSource(plelab::ParsePleSpec("dropped,mode=zero_row"), table);
  const bool equal = torch::equal(Step(model, own), Step(model, *dropped));
  std::printf("%s: %lld lookups\n", equal ? "equal" : "DIFFERENT",
              static_cast<long long>(own.stats().lookups));
  return equal ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
