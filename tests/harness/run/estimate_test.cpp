// What a run is said to take before it starts: closed forms of the shape and of two made-up rates.
#include "harness/run/estimate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "model/base/format.h"
#include "model/catalog/parameter_count.h"
#include "model/packing/pack_checkpoint.h"
#include "model/quantisation/encode_weights.h"
#include "tests/support/fake_clock.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace estimate_test {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using testing::TinyRun;

constexpr int64_t kProgram = 400'000'000;  // bytes of LibTorch and of buffers
constexpr int64_t kTable = 96 * 160;       // bytes of the tiny checkpoint's table
const char* const kResidentAndDisk =
    "  - {name: resident, ple: {strategy: resident}}\n  - {name: disk, ple: {strategy: disk}}\n";

void ExpectMinutes(double minutes, double seconds) { EXPECT_NEAR(minutes * 60, seconds, 1e-9 * seconds); }

// Five layers of 48 in float32, whose output layer is the embedding of 120 tokens.
class EstimateTest : public ::testing::Test {
 protected:
  RunEstimate Timed(const std::string& design, const std::string& variants = kResidentAndDisk,
                    const std::string& rest = "") const {
    return EstimateRun(ResolvePlan(tiny_.Config(design, variants, rest, ", batch: 2")), kRates);
  }
  RunEstimate Scored(const std::string& experiment, const std::string& variants) const {
    return EstimateRun(ResolvePlan(ParseExperimentConfig(
                           Format("experiment: {}\nmodel: {{checkpoint: {}, dtype: float32, threads: 1}}\n"
                                  "accuracy: {{trace: {}, context: 24, max_tokens: 100}}\nvariants:\n{}",
                                  experiment, tiny_.checkpoint(), tiny_.trace(), variants),
                           "tiny.yaml")),
                       kRates);
  }
  int64_t weights() const { return 4 * (stack_ + kHead); }
  double load() const { return static_cast<double>(weights()) / 1e9; }
  // Seconds of one pass over `tokens`, of which all or the last give logits.
  double Pass(int64_t tokens, bool all_logits = false) const {
    return 2e-9 * static_cast<double>((stack_ + (all_logits ? kHead : 0)) * tokens) / 0.5;
  }
  // Seconds of a decode step of two sequences: weights, layers, hashes of logits.
  double Step() const {
    return static_cast<double>(weights()) / (0.02e9 * 0.6) + 5 * 100e-6 + 2 * 120 * 4 / 0.5e9;
  }

  static constexpr MachineRates kRates{.read_gb_s = 0.02, .matmul_gflop_s = 0.5};
  static constexpr int64_t kHead = 120 * 48;
  const TinyRun tiny_;
  const int64_t stack_ = CountPublished(Checkpoint::Open(tiny_.checkpoint()).config(), DType::kFloat32)
                             .parameters[ParameterGroup::kTextStack];
};

TEST_F(EstimateTest, MinutesOfVariantsThatTakeTurns) {
  const double pass = Pass(2 * 12), one = pass + (3 + 8) * Step(), rows = kTable / 1e9;
  const std::string memory = "warmup_steps: 3, reps: 5, memory_reps: 2";
  // The weights are loaded here, in three more processes, and four times for memory; each of the first four
  // reads a prompt that is not timed; the twin is timed too.
  const RunEstimate estimate = Timed(memory + ", processes: 4, stop: {rel_half_width: 1%, max_reps: 9}");
  ExpectMinutes(estimate.minutes, load() * (1 + 3 + 4) + 5 * 3 + one * (3 * 5 + 4) + rows * 3 + pass * 4);
  ExpectMinutes(estimate.most_minutes,
                load() * (1 + 3 + 4) + 9 * 3 + one * (3 * 9 + 4) + rows * 3 + pass * 4);
  EXPECT_EQ(estimate.result_bytes, 2 * 9 * 8 * 200);
  // No more processes than repetitions, and nobody's twin.
  const RunEstimate few = Timed(memory + ", processes: 8, control: false");
  ExpectMinutes(few.minutes, load() * (1 + 4 + 4) + 5 * 3 + one * (2 * 5 + 4) + rows * 3 + pass * 5);
  EXPECT_EQ(few.most_minutes, few.minutes);
  EXPECT_EQ(few.result_bytes, 2 * 5 * 8 * 200);
}

TEST_F(EstimateTest, MinutesOfVariantsInProcessesOfTheirOwn) {
  const double pass = Pass(2 * 12), one = pass + (3 + 8) * Step(), rows = kTable / 1e9;
  const RunEstimate estimate = Timed("isolate: process, warmup_steps: 3, reps: 5, memory_reps: 2");
  ExpectMinutes(estimate.minutes, load() * (1 + 2 * 5 + 2 * 2) + 3 * 5 + 2 * 5 * 3 + one * 2 * (5 + 2) +
                                      pass * 2 * 5 + rows * (5 + 2));
}

// Keys and values of five layers, two sequences, 23 positions, two heads of 12.
TEST_F(EstimateTest, MemoryTogetherOrOfTheLargestProcess) {
  const int64_t kv = int64_t{2} * 5 * 2 * 23 * 2 * 12 * 4;
  const std::string design = "warmup_steps: 3, reps: 5, memory_reps: 2";
  const RunEstimate turns = Timed(design);
  ASSERT_EQ(turns.variants.size(), 2u) << "without the twin";
  EXPECT_EQ(turns.variants[0].variant, "resident");
  EXPECT_EQ(turns.variants[0].strategy, "resident");
  EXPECT_EQ(turns.variants[0].fast_bytes, kTable);
  EXPECT_EQ(turns.variants[0].file_bytes, 0);
  EXPECT_EQ(turns.variants[0].process_bytes, weights() + kProgram + kv + kTable);
  EXPECT_EQ(turns.variants[1].variant, "disk");
  EXPECT_EQ(turns.variants[1].fast_bytes, 0);
  EXPECT_EQ(turns.variants[1].file_bytes, kTable);
  EXPECT_EQ(turns.variants[1].process_bytes, weights() + kProgram + kv);
  EXPECT_EQ(turns.memory_bytes, weights() + kProgram + 3 * kv + kTable) << "the twin shares the rows";
  EXPECT_EQ(turns.synth_bytes, 0);
  EXPECT_EQ(turns.own_table_bytes, kTable);
  EXPECT_EQ(Timed(design + ", isolate: process").memory_bytes, weights() + kProgram + kv + kTable);
  const std::string scored = "accuracy: {trace: " + tiny_.trace() + ", context: 24, max_tokens: 100}\n";
  const RunEstimate both = Timed(design + ", isolate: process", kResidentAndDisk, scored);
  EXPECT_EQ(both.memory_bytes, weights() + kProgram + 2 * kv + kTable) << "scored side by side";
  EXPECT_EQ(both.result_bytes, 2 * (5 * 8 * 200 + 100 * 80));
}

TEST_F(EstimateTest, ATwinOfACacheHasACacheOfItsOwn) {
  const int64_t kv = int64_t{2} * 5 * 2 * 23 * 2 * 12 * 4;
  for (const char* const initial : {"empty", "warmed"}) {
    const RunEstimate estimate =
        Timed("warmup_steps: 3, reps: 5, memory_reps: 0",
              Format("  - {{name: cached, ple: {{strategy: cached, capacity: 50%, initial: {}}}}}\n"
                     "  - {{name: disk, ple: {{strategy: disk}}}}\n",
                     initial));
    const int64_t cache = estimate.variants.at(0).fast_bytes;
    ASSERT_GT(cache, 0);
    EXPECT_EQ(estimate.memory_bytes, weights() + kProgram + 3 * kv + 2 * cache) << initial;
  }
}

TEST_F(EstimateTest, TheLargestGroupDecides) {
  const std::string design = "warmup_steps: 3, reps: 5, memory_reps: 0, control: false";
  const std::string wide =
      "  - {name: wide, ple: {strategy: disk}, workload: {decode_tokens: 18, batch: 1}}\n";
  const RunEstimate two = Timed(design, kResidentAndDisk + wide), one = Timed(design);
  EXPECT_EQ(two.memory_bytes, one.memory_bytes);
  EXPECT_EQ(two.result_bytes, one.result_bytes + 5 * 18 * 200);
  EXPECT_GT(two.minutes, one.minutes);
  EXPECT_EQ(two.variants.at(2).process_bytes, weights() + kProgram + 2 * 5 * (12 + 3 + 18) * 2 * 12 * 4);
}

// An exact variant is scored on one window of 24; the baseline and each inexact one on all 100 tokens.
TEST_F(EstimateTest, ExactVariantsAreScoredOnOneWindow) {
  const int64_t kv = int64_t{2} * 5 * 24 * 2 * 12 * 4;
  const std::string dropped = "  - {name: dropped, ple: {strategy: dropped}}\n";
  const std::string off = "  - {name: off, ple: {strategy: dropped, mode: block_off}}\n";
  const RunEstimate estimate = Scored("ple_ablation", kResidentAndDisk + dropped);
  ExpectMinutes(estimate.minutes, 2 * load() + Pass(2 * 100 + 24, true));
  EXPECT_EQ(estimate.most_minutes, estimate.minutes);
  EXPECT_EQ(estimate.memory_bytes, weights() + kProgram + 3 * kv + kTable);
  EXPECT_EQ(estimate.result_bytes, 3 * 100 * 80);
  EXPECT_EQ(estimate.own_table_bytes, 0) << "nothing is timed";
  ExpectMinutes(Scored("ple_ablation", dropped + off).minutes, 2 * load() + Pass(2 * 100, true));
  const RunEstimate watched = Scored("ple_contribution", kResidentAndDisk + dropped);
  ExpectMinutes(watched.minutes, 2 * load() + Pass(3 * 100 + 24, true));
  EXPECT_EQ(watched.memory_bytes, estimate.memory_bytes + 100 * 5 * 48 * 4) << "additions of all tokens";
}

// Ten of the 30 layers share keys and values; 262,400 tokens of 2,048, and a PLE row of 15,360 bytes.
TEST_F(EstimateTest, ACheckpointThatIsNotThereYetIsCountedByItsShape) {
  const auto plan = [&](const std::string& workload) {
    ExperimentConfig config = tiny_.Config("warmup_steps: 2, reps: 2, memory_reps: 0, control: false",
                                           kResidentAndDisk, "", workload);
    const auto use = [&](ModelSection& model) {
      model.checkpoint = tiny_.folder() + "/absent";
      model.synth = "e2b";
      model.dtype = DType::kBFloat16;
    };
    use(config.model);
    for (VariantConfig& variant : config.variants) use(variant.model);
    return ResolvePlan(config);
  };
  RunPlan text = plan("");
  const GroupSums sums = CountPublished(text.model_config, DType::kBFloat16).parameters;
  const int64_t head = int64_t{262'400} * 2048, table = int64_t{262'144} * 15'360;
  const int64_t whole = 2 * (sums[ParameterGroup::kTextStack] + head) + kProgram + table +
                        2 * int64_t{2} * 20 * 22 * 2 * 256 * 2;
  const RunEstimate estimate = EstimateRun(text, kRates);
  EXPECT_EQ(estimate.synth_bytes, 2 * sums.total());
  EXPECT_EQ(estimate.memory_bytes, whole);
  ASSERT_GT(sums.vision(), 0);
  ASSERT_NE(sums.vision(), sums.audio());
  EXPECT_EQ(EstimateRun(plan(", images: [a.png]"), kRates).memory_bytes, whole + 2 * sums.vision());
  EXPECT_EQ(EstimateRun(plan(", audio: [a.wav]"), kRates).memory_bytes, whole + 2 * sums.audio());
  text.model_config.text.own_head = true;
  EXPECT_EQ(EstimateRun(text, kRates).memory_bytes, whole + 2 * head);
}

TEST_F(EstimateTest, QuantisedWeightsCountAsTheyAreStored) {
  const Checkpoint published = Checkpoint::Open(tiny_.checkpoint());
  const std::string folder = tiny_.folder() + "/int8";
  const auto weights_plan = PlanWeights(published.config(), {.format = {8, 0}});
  const TensorEncoding encoding = QuantisedEncoding(published, weights_plan);
  PackCheckpoint(published, folder, {.table = false, .weights = &encoding});
  ExperimentConfig config =
      tiny_.Config("warmup_steps: 2, reps: 2, memory_reps: 0, control: false", kResidentAndDisk);
  const int64_t whole = EstimateRun(ResolvePlan(config), kRates).memory_bytes;
  config.model.checkpoint = folder;
  for (VariantConfig& variant : config.variants) variant.model.checkpoint = folder;
  const auto bytes_of = [](const std::string& of) {
    return static_cast<double>(std::filesystem::file_size(of + "/model.safetensors"));
  };
  const double saved = bytes_of(tiny_.checkpoint()) - bytes_of(folder);
  ASSERT_GT(saved, 0);
  EXPECT_NEAR(static_cast<double>(whole - EstimateRun(ResolvePlan(config), kRates).memory_bytes), saved,
              0.02 * saved);
}

TEST(EstimateText, NamesEachAmountWithItsUnit) {
  ExperimentConfig config;
  config.name = "mine";
  config.design.reps = 7;
  config.design.stop.max_reps = 31;
  RunEstimate estimate;
  estimate.variants = {{"in_memory", "resident", 1'500'000'000, 2'600'000, 3'700'000'000}};
  estimate.memory_bytes = 4'800'000'000;
  estimate.result_bytes = 5'900'000;
  estimate.minutes = estimate.most_minutes = 1.3;
  const MachineRates rates{.read_gb_s = 23, .matmul_gflop_s = 45.6};
  const std::string plain = EstimateText(config, estimate, rates);
  EXPECT_THAT(plain, StartsWith("mine: 1 variants, nothing is run\n  variant "));
  EXPECT_THAT(plain, HasSubstr("\n  in_memory" + std::string(20, ' ') +
                               "resident         1.5 GB       2.6 MB         3.7 GB\n"));
  EXPECT_THAT(plain, HasSubstr("\nabout 1.3 minutes; memory 4.8 GB; disk 5.9 MB for the result\n"));
  EXPECT_THAT(
      plain,
      EndsWith(
          "a decode step reads its weights at 60 % of the 23 GB/s measured just now, "
          "plus 0.1 ms per layer;\na prompt runs at the 45.6 GFLOP/s of bfloat16 products measured just now; "
          "loading at 1 GB/s. Cold reads are not counted.\n"));
  estimate.most_minutes = 9.8;
  estimate.own_table_bytes = 6'100'000;
  estimate.synth_bytes = 7'200'000'000;
  EXPECT_THAT(EstimateText(config, estimate, rates),
              HasSubstr("\nabout 1.3 minutes with 7 repetitions, 9.8 if the stop rule needs all 31; memory "
                        "4.8 GB; disk 5.9 MB for the result, 6.1 MB for copies of the table while it runs "
                        "and 7.2 GB for a random checkpoint\n"));
}

// The clock moves by 11 ms at each reading: 27 products within 0.3 s, and the end is read at 29 · 11 ms.
TEST(MachineRatesTest, AreThoseOfTheProductsThatWereMade) {
  const testing::FakeClock clock(11'000'000);
  for (const DType dtype : {DType::kFloat32, DType::kBFloat16}) {
    ModelSection section;
    section.dtype = dtype;
    section.threads = 1;
    const MachineRates rates = MeasureMachineRates(section);
    EXPECT_NEAR(rates.matmul_gflop_s, 2e-9 * 128 * 2048 * 2048 * 27 / 0.319, 1e-6);
    EXPECT_GT(rates.read_gb_s, 0);
  }
}

}  // namespace estimate_test
}  // namespace plelab
