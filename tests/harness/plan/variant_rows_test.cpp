// Every column of /tables/variants that a plan fills, for variants that differ in all of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <nlohmann/json.hpp>

#include "harness/plan/run_plan.h"
#include "harness/plan/variant_layers.h"
#include "model/base/error.h"
#include "model/catalog/parameter_count.h"
#include "tests/support/tiny_run.h"

namespace plelab {
namespace variant_rows_test {

using nlohmann::json;

const char* const kDesign = "warmup_steps: 2, reps: 5, memory_reps: 0";

std::map<std::string, VariantRow> RowsByName(const RunPlan& plan) {
  std::map<std::string, VariantRow> rows;
  for (const VariantRow& row : VariantRows(plan)) rows[row.variant] = row;
  return rows;
}

TEST(VariantRowsTest, SayWhereTheBytesAre) {
  const testing::TinyRun tiny;
  const RunPlan plan = ResolvePlan(tiny.Config(
      kDesign,
      "  - {name: resident, ple: {strategy: resident}}\n"
      "  - {name: cached, ple: {strategy: cached, capacity: 25%}}\n  - {name: disk, ple: {strategy: disk}}\n"
      "  - {name: dropped, ple: {strategy: dropped}}\n"
      "  - {name: int8, ple: {strategy: resident, transform: int8}}\n"));
  const auto rows = RowsByName(plan);
  const PleGeometry& g = plan.table.geometry;
  const auto expect = [&](const char* name, int64_t fast, int64_t file, int64_t exact) {
    const VariantRow& row = rows.at(name);
    EXPECT_EQ(row.fast_bytes, fast) << name;
    EXPECT_EQ(row.file_bytes, file) << name;
    EXPECT_EQ(row.exact, exact) << name;
    EXPECT_EQ(row.baseline, "resident") << name;
    EXPECT_EQ(row.status, "done") << name;
  };
  expect("resident", g.table_bytes(), 0, 1);
  expect("disk", 0, g.table_bytes(), 1);
  expect("dropped", 0, 0, 0);
  EXPECT_EQ(rows.at("cached").file_bytes, g.table_bytes());
  EXPECT_GT(rows.at("cached").fast_bytes, 0);
  EXPECT_LE(rows.at("cached").fast_bytes, g.table_bytes() / 4);
  EXPECT_EQ(rows.at("disk").table_bytes, g.table_bytes());
  EXPECT_LT(rows.at("int8").table_bytes, g.table_bytes() / 2) << "of float32 rows";
  EXPECT_GT(rows.at("int8").table_bytes, g.vocab * g.layers * g.dim) << "with its scales";
  EXPECT_EQ(rows.at("disk").strategy, "disk");
  EXPECT_EQ(json::parse(rows.at("cached").options_json)["policy"], "lru");
}

TEST(VariantRowsTest, ATwinIsAddedOnlyToWhatIsTimedSideBySide) {
  const testing::TinyRun tiny;
  const std::string two = "  - {name: a, ple: {strategy: resident}}\n  - {name: b, ple: {strategy: disk}}\n";
  const std::string one = "  - {name: a, ple: {strategy: resident}}\n";
  const std::string ablations =
      "  - {name: a, ple: {strategy: dropped}}\n  - {name: b, ple: {strategy: dropped, mode: block_off}}\n";
  const auto control = [&](const std::string& design, const std::string& variants) {
    return ResolvePlan(tiny.Config(design, variants)).groups.at(0).control;
  };
  EXPECT_EQ(control(kDesign, two), 2);
  EXPECT_EQ(control(std::string(kDesign) + ", control: false", two), -1);
  EXPECT_EQ(control(std::string(kDesign) + ", isolate: process", two), -1);
  EXPECT_EQ(control(kDesign, one), -1);
  EXPECT_EQ(control(kDesign, ablations), -1);
  const RunPlan plan = ResolvePlan(tiny.Config(kDesign, two));
  EXPECT_EQ(plan.variants.at(2).name(), "a@control");
  EXPECT_EQ(plan.variants.at(2).row.variant, "a@control");
  EXPECT_EQ(plan.variants.at(2).row.baseline, "a");
  EXPECT_TRUE(IsControl(plan.variants.at(2).row));
  EXPECT_FALSE(IsControl(plan.variants.at(1).row));
}

// 11 tokens of the prompt, 2 warm-up steps and 387 measured ones are all 400 of the trace.
TEST(VariantRowsTest, AWarmCacheNeedsTokensToBeWarmedWith) {
  const testing::TinyRun tiny;
  const auto plan = [&](const std::string& initial, int64_t steps) {
    ExperimentConfig config = tiny.Config(
        "warmup_steps: 2, reps: 1", "  - {name: c, ple: {strategy: cached, initial: " + initial + "}}\n");
    config.workload.decode_tokens = config.variants[0].workload.decode_tokens = steps;
    return ResolvePlan(config);
  };
  EXPECT_EQ(plan("warmed", 386).WorkOf(0, 0).warm_ids.size(), 1u);
  EXPECT_EQ(plan("empty", 387).variants.at(0).cache_start, "empty");
  EXPECT_THROW(plan("warmed", 387), UserError);
  EXPECT_THROW(plan("empty", 388), UserError) << "a text that is too short";
}

TEST(VariantRowsTest, WhatDiffersInAnythingSharedIsAnotherGroup) {
  const testing::TinyRun tiny;
  const ExperimentConfig config = tiny.Config(
      kDesign, "  - {name: a, ple: {strategy: resident}}\n  - {name: b, ple: {strategy: disk}}\n");
  const auto groups = [&](const std::function<void(VariantConfig&)>& change) {
    ExperimentConfig changed = config;
    change(changed.variants[1]);
    return ResolvePlan(changed).groups.size();
  };
  EXPECT_EQ(groups([](VariantConfig&) {}), 1u);
  EXPECT_EQ(groups([](VariantConfig& b) { b.model.threads = 2; }), 2u);
  EXPECT_EQ(groups([](VariantConfig& b) { b.workload.decode_tokens = 7; }), 2u);
  EXPECT_EQ(groups([](VariantConfig& b) { b.page_cache.initial = PageCacheInitial::kWarm; }), 2u);
  EXPECT_EQ(groups([](VariantConfig& b) { b.group = "apart"; }), 2u);
}

// A list of layers that runs 0, 2 and 2 again: what a token passes is counted with every pass.
TEST(VariantRowsTest, DescribeTheLayersThatRun) {
  const testing::TinyRun tiny;
  const Gemma3nConfig model = Checkpoint::Open(tiny.checkpoint()).config();
  const LayerEdit edit{.order = {0, 1, 1}};
  const LayerList layers = EditLayers(edit, model.text);
  VariantRow row;
  row.options_json = R"({"pages":"huge"})";
  DescribeLayers(edit, layers, model, row);
  const json options = json::parse(row.options_json);
  EXPECT_EQ(options["pages"], "huge") << "what stood there stays";
  EXPECT_EQ(options["layers_run"], "0-1+1");
  EXPECT_EQ(options["edit"], json::parse(R"({"order": "0-1+1"})"));
  const auto stack = [&](const LayerList& list) {
    Gemma3nConfig edited = model;
    edited.text = ConfigOf(list, model.text);
    return CountPublished(edited, DType::kFloat32).parameters[ParameterGroup::kTextStack];
  };
  EXPECT_EQ(options["stack_parameters"], stack(layers));
  EXPECT_LT(options["stack_parameters"], stack(DefaultLayers(model.text)));
}

}  // namespace variant_rows_test
}  // namespace plelab
