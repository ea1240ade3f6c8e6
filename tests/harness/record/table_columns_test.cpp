// Each column of each table is the field of its name: values that are all different, by the names under which
// files have them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>

#include "harness/record/hdf5_file.h"
#include "harness/record/record.h"
#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "model/base/format.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace table_columns_test {

using Numbers = std::map<std::string, double>;
using Texts = std::map<std::string, std::string>;

// What a file of this one row has in each column.
template <class Row>
std::pair<Numbers, Texts> ColumnsOf(const Row& row) {
  Numbers numbers;
  Texts texts;
  const Table table = ToTable(std::vector<Row>{row});
  for (const Column& column : table.columns) {
    if (const auto* text = std::get_if<std::vector<std::string>>(&column.values)) {
      texts[column.name] = text->at(0);
    } else if (const auto* whole = std::get_if<std::vector<int64_t>>(&column.values)) {
      numbers[column.name] = static_cast<double>(whole->at(0));
    } else {
      numbers[column.name] = std::get<std::vector<double>>(column.values).at(0);
    }
  }
  return {numbers, texts};
}

template <class Row>
void ExpectColumns(const Row& row, const Numbers& numbers, const Texts& texts) {
  const auto [found_numbers, found_texts] = ColumnsOf(row);
  EXPECT_EQ(found_numbers, numbers);
  EXPECT_EQ(found_texts, texts);
}

TEST(TableColumns, OfSteps) {
  StepRow row;
  row.variant = "v";
  row.predecessor = "p";
  row.rep = 1, row.step = 2, row.token_id = 3, row.step_ns = 4, row.ple_wait_ns = 5, row.ple_hidden_ns = 6;
  row.ple_read_ns = 7, row.held_bytes = 8, row.lookups = 9, row.hits = 10, row.misses = 11;
  row.read_calls = 12, row.bytes_asked = 13, row.bytes_moved = 14, row.step_bytes = 15;
  ExpectColumns(row,
                {{"rep", 1},
                 {"step", 2},
                 {"token_id", 3},
                 {"step_ns", 4},
                 {"ple_wait_ns", 5},
                 {"ple_hidden_ns", 6},
                 {"ple_read_ns", 7},
                 {"held_bytes", 8},
                 {"lookups", 9},
                 {"hits", 10},
                 {"misses", 11},
                 {"read_calls", 12},
                 {"bytes_asked", 13},
                 {"bytes_moved", 14},
                 {"step_bytes", 15}},
                {{"variant", "v"}, {"predecessor", "p"}});
}

TEST(TableColumns, OfStepParts) {
  StepPartRow row;
  row.variant = "v", row.part = "p", row.rep = 1, row.steps = 2, row.time_ns = 3, row.step_bytes = 4;
  ExpectColumns(row, {{"rep", 1}, {"steps", 2}, {"time_ns", 3}, {"step_bytes", 4}},
                {{"variant", "v"}, {"part", "p"}});
}

TEST(TableColumns, OfRepetitions) {
  RepRow row;
  row.variant = "v", row.cache_start = "c", row.page_cache = "k", row.guest_cold = "g", row.device_cold = "d";
  row.flag = "f", row.output_sha256 = "s";
  row.rep = 1, row.order = 2, row.started_unix_ns = 3, row.load_ns = 4, row.ttft_ns = 5, row.prefill_ns = 6;
  row.prefill_ple_wait_ns = 7, row.bandwidth_before = 8, row.bandwidth_after = 9, row.cpu_mhz = 10;
  row.temperature_c = 11, row.steal_ns = 12, row.major_faults = 13, row.psi_memory_us = 14;
  row.psi_io_us = 15, row.energy_j = 16, row.direct_ns = 17, row.unread_ns = 18, row.read_ahead_bytes = 19;
  row.process = 20, row.excerpt = 21, row.cpu_pressure_us = 22, row.involuntary_switches = 23;
  row.unsettled_steps = 24, row.valid_steps = 25, row.wall_ns = 26;
  ExpectColumns(row,
                {{"rep", 1},
                 {"order", 2},
                 {"started_unix_ns", 3},
                 {"load_ns", 4},
                 {"ttft_ns", 5},
                 {"prefill_ns", 6},
                 {"prefill_ple_wait_ns", 7},
                 {"bandwidth_before", 8},
                 {"bandwidth_after", 9},
                 {"cpu_mhz", 10},
                 {"temperature_c", 11},
                 {"steal_ns", 12},
                 {"major_faults", 13},
                 {"psi_memory_us", 14},
                 {"psi_io_us", 15},
                 {"energy_j", 16},
                 {"direct_ns", 17},
                 {"unread_ns", 18},
                 {"read_ahead_bytes", 19},
                 {"process", 20},
                 {"excerpt", 21},
                 {"cpu_pressure_us", 22},
                 {"involuntary_switches", 23},
                 {"unsettled_steps", 24},
                 {"valid_steps", 25},
                 {"wall_ns", 26}},
                {{"variant", "v"},
                 {"cache_start", "c"},
                 {"page_cache", "k"},
                 {"guest_cold", "g"},
                 {"device_cold", "d"},
                 {"flag", "f"},
                 {"output_sha256", "s"}});
}

TEST(TableColumns, OfVariants) {
  VariantRow row;
  row.variant = "v", row.strategy = "s", row.options_json = "{}", row.status = "failed", row.error = "e";
  row.baseline = "b", row.group = "g";
  row.exact = 1, row.helper_threads = 2, row.fast_bytes = 3, row.file_bytes = 4, row.table_bytes = 5;
  ExpectColumns(
      row, {{"exact", 1}, {"helper_threads", 2}, {"fast_bytes", 3}, {"file_bytes", 4}, {"table_bytes", 5}},
      {{"variant", "v"},
       {"strategy", "s"},
       {"options", "{}"},
       {"status", "failed"},
       {"error", "e"},
       {"baseline", "b"},
       {"group", "g"}});
}

TEST(TableColumns, OfComparisons) {
  ComparisonRow row;
  row.metric = "m", row.variant = "v", row.baseline = "b", row.statistic = "s", row.verdict = "pass";
  row.value = 1, row.low = 2, row.high = 3, row.reps = 4, row.steps = 5, row.margin = 6, row.control = 7;
  row.p = 8, row.p_corrected = 9;
  ExpectColumns(
      row,
      {{"value", 1},
       {"low", 2},
       {"high", 3},
       {"reps", 4},
       {"steps", 5},
       {"margin", 6},
       {"control", 7},
       {"p", 8},
       {"p_corrected", 9}},
      {{"metric", "m"}, {"variant", "v"}, {"baseline", "b"}, {"statistic", "s"}, {"verdict", "pass"}});
}

TEST(TableColumns, OfMemoryAccuracyAndTokens) {
  MemoryRow memory;
  memory.variant = "v", memory.phase = "p", memory.counter = "c", memory.rep = 1, memory.bytes = 2;
  ExpectColumns(memory, {{"rep", 1}, {"bytes", 2}}, {{"variant", "v"}, {"phase", "p"}, {"counter", "c"}});
  AccuracyRow accuracy;
  accuracy.variant = "v", accuracy.task = "t", accuracy.metric = "m";
  accuracy.value = 1, accuracy.low = 2, accuracy.high = 3, accuracy.n = 4;
  ExpectColumns(accuracy, {{"value", 1}, {"low", 2}, {"high", 3}, {"n", 4}},
                {{"variant", "v"}, {"task", "t"}, {"metric", "m"}});
  TokenRow token;
  token.variant = "v", token.document = 1, token.position = 2, token.token_id = 3, token.nats = 4,
  token.kl = 5;
  ExpectColumns(token, {{"document", 1}, {"position", 2}, {"token_id", 3}, {"nats", 4}, {"kl", 5}},
                {{"variant", "v"}});
}

TEST(TableColumns, OfCurvesContributionsAndTraining) {
  CurveRow curve;
  curve.series = "s", curve.label = "l", curve.x = 1, curve.y = 2, curve.low = 3, curve.high = 4;
  ExpectColumns(curve, {{"x", 1}, {"y", 2}, {"low", 3}, {"high", 4}}, {{"series", "s"}, {"label", "l"}});
  ContributionRow contribution;
  contribution.variant = "v", contribution.metric = "m", contribution.bucket = "b", contribution.layer = 1;
  contribution.value = 2, contribution.low = 3, contribution.high = 4, contribution.n = 5;
  ExpectColumns(contribution, {{"layer", 1}, {"value", 2}, {"low", 3}, {"high", 4}, {"n", 5}},
                {{"variant", "v"}, {"metric", "m"}, {"bucket", "b"}});
  TrainingRow training;
  training.step = 1, training.tokens = 2, training.loss = 3, training.lr = 4, training.tokens_per_s = 5;
  ExpectColumns(training, {{"step", 1}, {"tokens", 2}, {"loss", 3}, {"lr", 4}, {"tokens_per_s", 5}}, {});
}

// The same through a file, read by another way than ReadRecord.
TEST(TableColumns, StandInTheFileUnderTheirNames) {
  const testing::TemporaryFolder folder;
  Record record;
  StepRow step;
  step.variant = "v", step.bytes_asked = 640, step.bytes_moved = 4096, step.hits = 3, step.misses = 5;
  record.steps = {step};
  record.accuracy = {{"v", "t", "m", 1, 0.5, 2.5, 7}};
  WriteRecord(folder / "x.h5", record);
  const Hdf5Reader reader(folder / "x.h5");
  const auto whole = [&](const char* name) {
    return std::get<std::vector<int64_t>>(reader.ReadTable("/tables/steps").Find(name)->values).at(0);
  };
  EXPECT_EQ(whole("bytes_asked"), 640);
  EXPECT_EQ(whole("bytes_moved"), 4096);
  EXPECT_EQ(whole("hits"), 3);
  EXPECT_EQ(whole("misses"), 5);
  const Table accuracy = reader.ReadTable("/tables/accuracy");
  EXPECT_EQ(std::get<std::vector<double>>(accuracy.Find("low")->values).at(0), 0.5);
  EXPECT_EQ(std::get<std::vector<double>>(accuracy.Find("high")->values).at(0), 2.5);
  EXPECT_EQ(std::get<std::vector<int64_t>>(accuracy.Find("n")->values).at(0), 7);
}

// Files of version 1 had no comparisons; every other table was there.
TEST(TableColumns, AFileOfVersion1LacksNoOtherTableThanTheComparisons) {
  const testing::TemporaryFolder folder;
  const auto problems = [&](int64_t version) {
    Hdf5Writer writer;
    writer.WriteAttribute("/meta", "schema_version", version);
    writer.Save(folder / "x.h5");
    return ResultProblems(folder / "x.h5");
  };
  const std::vector<std::string> first = problems(1), second = problems(2);
  for (const char* table : {"accuracy", "memory", "reps", "steps", "tokens", "variants"}) {
    const std::string missing = Format("/tables/{} is missing", table);
    EXPECT_THAT(first, ::testing::Contains(missing));
    EXPECT_THAT(second, ::testing::Contains(missing));
  }
  EXPECT_THAT(first, ::testing::Not(::testing::Contains("/tables/comparisons is missing")));
  EXPECT_THAT(second, ::testing::Contains("/tables/comparisons is missing"));
}

}  // namespace table_columns_test
}  // namespace plelab
