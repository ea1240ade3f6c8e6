// `folded` is held to its bound where accuracy is scored too, in every window.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "harness/run/runner.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace near_accuracy_test {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::TinyRun;

// Finished inputs of which one is wrong once `good` requests have been answered.
class Wrong : public PleWrapper {
 public:
  Wrong(std::unique_ptr<PleSource> over, int64_t good) : PleWrapper(std::move(over)), good_(good) {}
  std::unique_ptr<PleRequest> Begin(std::span<const int64_t> ids) override {
    return std::make_unique<Request>(PleWrapper::Begin(ids), good_-- <= 0);
  }

 private:
  struct Request : PleRequest {
    Request(std::unique_ptr<PleRequest> over, bool wrong) : over_(std::move(over)), wrong_(wrong) {}
    PleKind kind() const override { return over_->kind(); }
    std::span<const std::byte> Layer(int64_t layer) override {
      const auto rows = over_->Layer(layer);
      bytes_.assign(rows.begin(), rows.end());
      if (wrong_ && layer == 0) bytes_[3] ^= std::byte{0x40};  // the exponent of the first float32
      return bytes_;
    }
    std::unique_ptr<PleRequest> over_;
    bool wrong_;
    std::vector<std::byte> bytes_;
  };
  int64_t good_;
};

// What became of `folded` when its answers are right for `good` windows.
VariantRow Folded(int64_t good) {
  const TinyRun tiny;
  const auto config = ParseExperimentConfig(
      Format("experiment: ple_ablation\nmodel: {{checkpoint: {}, dtype: float32, threads: 1}}\n"
             "accuracy: {{trace: {}, context: 16, max_tokens: 60}}\nvariants:\n"
             "  - {{name: resident, ple: {{strategy: resident}}}}\n"
             "  - {{name: folded, ple: {{strategy: folded}}}}\n",
             tiny.checkpoint(), tiny.trace()),
      "tiny.yaml");
  RunOptions options = tiny.Options();
  options.make_source = [&](const VariantConfig& variant, const PleTable& table,
                            std::span<const int64_t> ids) -> std::unique_ptr<PleSource> {
    auto source = DefaultSourceMaker()(variant, table, ids);
    if (variant.name != "folded") return source;
    return std::make_unique<Wrong>(std::move(source), good);
  };
  const Record record = plelab::Run(config, options).record;
  EXPECT_EQ(record.variants.at(0).status, "done");
  EXPECT_EQ(testing::RecordedAccuracy(record, "resident", "kl_to_resident"), 0);
  return record.variants.at(1);
}

TEST(NearAccuracy, AWrongInputFailsTheVariantInWhicheverWindow) {
  EXPECT_EQ(Folded(100).status, "done");
  for (const int64_t good : {0, 2}) {
    const VariantRow row = Folded(good);
    EXPECT_EQ(row.status, "failed") << good;
    EXPECT_THAT(row.error, AllOf(HasSubstr("accuracy: its logits differ from those of 'resident'"),
                                 HasSubstr("rounding in float32")));
  }
}

}  // namespace near_accuracy_test
}  // namespace plelab
