// Who is compared with whom, and in which order they run.
#include "harness/plan/run_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "harness/measure/repetition.h"
#include "harness/plan/run_order.h"
#include "model/base/error.h"
#include "model/base/sha256.h"
#include "model/packing/pack_checkpoint.h"
#include "model/text/folded/finished_inputs_file.h"
#include "tests/support/temporary_folder.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace run_plan_test {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kInProcess;
using testing::kSixVariants;
using ::testing::ThrowsMessage;
using testing::TinyRun;

void Add(ExperimentConfig& config, const std::string& name, const std::string& ple, DType dtype) {
  VariantConfig variant;
  variant.name = name;
  variant.ple = ParsePleSpec(ple);
  variant.model = config.model;
  variant.model.dtype = dtype;
  config.variants.push_back(variant);
}

ExperimentConfig OnCheckpoint(const std::string& checkpoint) {
  ExperimentConfig config;
  config.model.checkpoint = checkpoint;
  return config;
}

ExperimentConfig TwoDTypes(const TinyRun& tiny) {
  ExperimentConfig config = OnCheckpoint(tiny.checkpoint());
  Add(config, "dropped@16", "dropped", DType::kBFloat16);
  Add(config, "resident@16", "resident", DType::kBFloat16);
  Add(config, "resident@32", "resident", DType::kFloat32);
  Add(config, "disk@16", "disk", DType::kBFloat16);
  return config;
}

TEST(RunPlan, VariantsOfOneModelAndWorkloadShareABaseline) {
  const TinyRun tiny;
  const RunPlan plan = ResolvePlan(TwoDTypes(tiny));
  const auto& groups = plan.groups;
  ASSERT_EQ(groups.size(), 2u);
  EXPECT_THAT(groups[0].variants, ElementsAre(0, 1, 3));
  EXPECT_EQ(groups[0].baseline, 1) << "the first exact one";
  EXPECT_THAT(groups[1].variants, ElementsAre(2));

  const auto rows = VariantRows(plan);
  EXPECT_EQ(rows[0].baseline, "resident@16");
  EXPECT_EQ(rows[2].baseline, "resident@32");
  EXPECT_EQ(rows[3].strategy, "disk");
  EXPECT_EQ(rows[0].exact, 0);
  EXPECT_EQ(rows[3].exact, 1);
  EXPECT_NE(rows[3].options_json.find("\"backend\":\"pread\""), std::string::npos) << rows[3].options_json;
}

TEST(RunPlan, AGroupOfAblationsHasNoBaseline) {
  const TinyRun tiny;
  ExperimentConfig config = OnCheckpoint(tiny.checkpoint());
  Add(config, "dropped", "dropped", DType::kBFloat16);
  const RunPlan plan = ResolvePlan(config);
  EXPECT_EQ(plan.groups.at(0).baseline, -1);
  EXPECT_EQ(VariantRows(plan).at(0).baseline, "");
}

TEST(RunPlan, SaysWhatEachVariantHoldsAndHowItStarts) {
  const TinyRun tiny;
  const RunPlan plan = ResolvePlan(tiny.Config(kInProcess, kSixVariants));
  const int64_t table = plan.table.geometry.table_bytes();
  const VariantPlan &resident = plan.variants.at(0), &cached = plan.variants.at(1),
                    &pread = plan.variants.at(2), &dropped = plan.variants.at(5);
  EXPECT_EQ(resident.footprint.fast_bytes, table);
  EXPECT_FALSE(resident.reads_file());
  EXPECT_EQ(resident.row.fast_bytes, table);
  EXPECT_EQ(resident.layers, DefaultLayers(plan.checkpoint->config().text));
  EXPECT_EQ(resident.cache_start, "none");
  EXPECT_EQ(cached.cache_start, "warmed");
  EXPECT_TRUE(pread.reads_file());
  EXPECT_TRUE(pread.exact);
  EXPECT_EQ(pread.table.path, tiny.shard());
  EXPECT_EQ(resident.row.helper_threads, 0);
  EXPECT_EQ(pread.row.helper_threads, 1) << "a prefetch thread";
  EXPECT_EQ(plan.variants.at(4).row.helper_threads, 0) << "waiting";
  EXPECT_FALSE(dropped.exact);
  EXPECT_EQ(plan.WorkOf(1, 0).positions(), 12 + 2 + 8);
  EXPECT_EQ(plan.text->path, tiny.trace());
  EXPECT_FALSE(plan.scored) << "no accuracy section";
}

TEST(RunPlan, OfOneVariantReadsNothingForTheOthers) {
  const TinyRun tiny;
  ExperimentConfig config = tiny.Config(kInProcess, kSixVariants, "accuracy: {trace: missing.json}\n");
  config.workload.trace = "missing.json";  // of the variants none reads it
  const RunPlan plan = ResolvePlanOfVariant(config, 2);
  ASSERT_EQ(plan.variants.size(), 1u);
  EXPECT_EQ(plan.variants[0].name(), "pread");
  EXPECT_EQ(plan.WorkOf(0, 1).decode_steps, 8);
}

// A checkpoint that `synth` would write is known by its shape; nothing is written.
TEST(RunPlan, CountsTheTokensOfACheckpointThatIsNotThereYet) {
  const TinyRun tiny;
  ExperimentConfig config = tiny.Config(kInProcess, kSixVariants);
  const std::string absent = tiny.folder() + "/absent";
  const auto use = [&](ModelSection& model) {
    model.checkpoint = absent;
    model.synth = "e2b";
  };
  use(config.model);
  for (auto& variant : config.variants) use(variant.model);
  const RunPlan plan = ResolvePlan(config);
  EXPECT_EQ(plan.checkpoint, nullptr);
  EXPECT_EQ(plan.table.geometry.vocab, 262'144);
  EXPECT_EQ(plan.table.geometry.layers, 30);
  EXPECT_EQ(plan.table.geometry.dim, 256);
  EXPECT_EQ(plan.table.geometry.dtype, DType::kBFloat16);
  EXPECT_EQ(plan.WorkOf(0, 0).prompt_tokens, 12) << "a trace needs no tokenizer";
  for (auto& variant : config.variants) variant.workload.decode_tokens = 4000;
  EXPECT_THROW(ResolvePlan(config), UserError);
  for (auto& variant : config.variants) {
    std::swap(variant.workload.text_file, variant.workload.trace);
    config.workload = variant.workload;
  }
  EXPECT_TRUE(ResolvePlan(config).groups.at(0).works.empty()) << "no tokenizer ships with e2b";
  EXPECT_FALSE(std::filesystem::exists(absent));
}

TEST(RunPlan, AStopRuleMayAddRepetitionsAndNeverTakesAny) {
  DesignSection design;
  design.reps = 7;
  design.stop.max_reps = 9;
  EXPECT_EQ(MostReps(design), 7) << "without a width there is no rule";
  design.stop.rel_half_width = 0.01;
  EXPECT_EQ(MostReps(design), 9);
  design.reps = 11;
  EXPECT_EQ(MostReps(design), 11);
  const TinyRun tiny;
  const RunPlan plan = ResolvePlan(
      tiny.Config("warmup_steps: 2, reps: 2, stop: {rel_half_width: 1%, max_reps: 4}", kSixVariants));
  EXPECT_EQ(plan.groups.at(0).works.size(), 4u);
  EXPECT_EQ(plan.WorkOf(0, 3).excerpt, 3 * 21);
}

TEST(RunPlan, NamesTheTextsThatItReads) {
  const TinyRun tiny;
  testing::WriteText(tiny.folder() + "/other.json", "[5,6,7,8,9,10,11,12,13,14]");
  const RunPlan plan = ResolvePlan(tiny.Config(
      kInProcess, kSixVariants, "accuracy: {trace: " + tiny.folder() + "/other.json, context: 4}\n"));
  EXPECT_EQ(plan.text->path, tiny.trace());
  EXPECT_EQ(plan.text->sha256, Sha256OfFile(tiny.trace()));
  EXPECT_EQ(plan.text->tokenizer_sha256, "");
  EXPECT_EQ(plan.accuracy_text->path, tiny.folder() + "/other.json");
  EXPECT_EQ(plan.accuracy_text->sha256, Sha256OfFile(tiny.folder() + "/other.json"));
  EXPECT_THAT(plan.scored.value().windows, ElementsAre(ElementsAre(2, 5, 6, 7), ElementsAre(2, 8, 9, 10),
                                                       ElementsAre(2, 11, 12, 13), ElementsAre(2, 14)));

  // Where every variant brings its own text, that of the first stands for them.
  ExperimentConfig config = tiny.Config(kInProcess, kSixVariants);
  config.workload.trace = "";
  EXPECT_EQ(ResolvePlan(config).text->path, tiny.trace());
}

TEST(RunPlan, SaysWhoMustBeNearAndWhoExact) {
  const TinyRun tiny;
  const RunPlan plan = ResolvePlan(tiny.Config(kInProcess,
                                               "  - {name: resident, ple: {strategy: resident}}\n"
                                               "  - {name: folded, ple: {strategy: folded}}\n"
                                               "  - {name: dropped, ple: {strategy: dropped}}\n"));
  EXPECT_TRUE(plan.variants[0].exact && !plan.variants[0].near);
  EXPECT_TRUE(!plan.variants[1].exact && plan.variants[1].near);
  EXPECT_TRUE(!plan.variants[2].exact && !plan.variants[2].near);
  RunPlan made = plan;
  MakeFoldedTables(made);
  EXPECT_EQ(made.variants[0].table.folded, nullptr);
  ASSERT_NE(made.variants[1].table.folded, nullptr);
  EXPECT_EQ(made.variants[2].table.folded, nullptr);
  EXPECT_EQ(made.variants[1].row.baseline, "resident") << "it is compared as before";
  EXPECT_EQ(made.variants[1].row.group, plan.variants[1].row.group);
  EXPECT_EQ(made.variants[1].row.fast_bytes, made.variants[1].footprint.fast_bytes);
}

TEST(RunPlan, KnowsFinishedInputsThatArePacked) {
  const TinyRun tiny;
  const testing::TemporaryFolder folder;
  const Checkpoint checkpoint = Checkpoint::Open(tiny.checkpoint());
  const TableToPack finished = FinishedInputsToPack(checkpoint);
  PackCheckpoint(checkpoint, folder / "packed",
                 {.format = {.form = RowForm::kBFloat16}, .folded = &finished});
  const std::string table = "table: " + folder / "packed";
  const RunPlan plan =
      ResolvePlan(tiny.Config(kInProcess, "  - {name: resident, ple: {strategy: resident, " + table + "}}\n" +
                                              "  - {name: folded, ple: {strategy: folded, " + table +
                                              ", over: {strategy: resident}}}\n" +
                                              "  - {name: disk, ple: {strategy: disk, " + table + "}}\n"));
  EXPECT_FALSE(plan.variants[1].near) << "packed inputs were rounded once more";
  EXPECT_EQ(plan.variants[1].footprint.table_bytes, finished.table.geometry.table_bytes() / 2);
  EXPECT_EQ(plan.variants[1].row.fast_bytes, plan.variants[1].footprint.table_bytes);
  EXPECT_EQ(plan.variants[0].table.folded, nullptr);
  EXPECT_EQ(plan.variants[2].table.folded, nullptr) << "of the same folder";
  EXPECT_TRUE(plan.variants[2].exact);

  std::filesystem::resize_file(folder / "packed/ple_folded.safetensors", 1000);
  const std::string folded = "  - {name: folded, ple: {strategy: folded, " + table + "}}\n";
  EXPECT_THAT([&] { ResolvePlan(tiny.Config(kInProcess, folded)); },
              ThrowsMessage<UserError>(AllOf(HasSubstr("variant 'folded'"), HasSubstr("ple_folded"))));
}

TEST(RunPlan, OfOneVariantIsWithoutAGroupAndWithItsFoldedTable) {
  const TinyRun tiny;
  const ExperimentConfig config = tiny.Config(kInProcess,
                                              "  - {name: resident, ple: {strategy: resident}}\n"
                                              "  - {name: folded, group: apart, ple: {strategy: folded}}\n",
                                              "accuracy: {trace: " + tiny.trace() + "}\n");
  const RunPlan plan = ResolvePlanOfVariant(config, 1);
  ASSERT_EQ(plan.variants.size(), 1u);
  EXPECT_EQ(plan.groups.at(0).name, "");
  EXPECT_EQ(plan.groups.at(0).control, -1);
  EXPECT_NE(plan.variants[0].table.folded, nullptr);
  EXPECT_FALSE(plan.accuracy_text) << "nothing is scored";
  EXPECT_FALSE(plan.scored);
}

TEST(RunPlan, ShufflesAreKnownAndDifferByStream) {
  EXPECT_EQ(ShuffledOrder(6, 1, 2), ShuffledOrder(6, 1, 2));
  std::set<std::vector<int64_t>> seen;
  for (int64_t stream = 0; stream < 20; ++stream) {
    auto order = ShuffledOrder(6, 1, stream);
    seen.insert(order);
    std::sort(order.begin(), order.end());
    EXPECT_THAT(order, ElementsAre(0, 1, 2, 3, 4, 5));
  }
  EXPECT_GT(seen.size(), 15u);
}

}  // namespace run_plan_test
}  // namespace plelab
