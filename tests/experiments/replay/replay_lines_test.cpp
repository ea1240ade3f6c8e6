#include "experiments/replay/replay_lines.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "model/base/error.h"
#include "tests/support/temporary_folder.h"

namespace plelab {
namespace {

std::vector<nlohmann::json> Parsed(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

TEST(ReplayLines, TheFirstLineIsTheMetadataWhenverItWasAdded) {
  ReplayLines lines;
  lines.Add(CacheHits{.policy = "lru", .cache_bytes = 16, .rows = 2, .lookups = 3, .hit_rate = 0.25});
  lines.AddMeta("cpu_model", "a \"quoted\" name");
  const auto parsed = Parsed(lines.Text());
  ASSERT_EQ(parsed.size(), 2u);
  EXPECT_EQ(parsed[0]["kind"], "meta");
  EXPECT_EQ(parsed[0]["cpu_model"], "a \"quoted\" name");
  EXPECT_EQ(parsed[1]["kind"], "cache_hits");
  EXPECT_EQ(parsed[1]["hit_rate"], 0.25);
}

TEST(ReplayLines, WhatIsNotKnownIsNull) {
  ReplayLines lines;
  ReplayContrast contrast;
  contrast.variant = "disk";
  contrast.difference_ns = {kNan, kNan, kNan};
  contrast.p99_ns = {12, kNan, kNan};
  lines.Add(contrast, 0.5);
  lines.Add(RowCost{.backend = "io_uring", .state = "cold", .skipped = "forbidden"}, 160);
  const auto parsed = Parsed(lines.Text());
  EXPECT_TRUE(parsed[1]["difference_ns"].is_null());
  EXPECT_EQ(parsed[1]["p99_ns"], 12);
  EXPECT_TRUE(parsed[1]["p99_low_ns"].is_null());
  EXPECT_EQ(parsed[1]["verdict"], "");  // a baseline has no difference to judge
  EXPECT_TRUE(parsed[2]["p50_ns"].is_null());
  EXPECT_EQ(parsed[2]["skipped"], "forbidden");
}

TEST(ReplayLines, RowsOfATableHaveTheSameKeys) {
  ReplayLines lines;
  ReplayStepRow row{.variant = "disk", .rep = 1, .step = 2, .token_id = 3, .step_ns = 4};
  row.bytes_moved = -1;
  lines.Add(row, 2);
  lines.Add(ReplayStepRow{}, 5);
  const auto parsed = Parsed(lines.Text());
  EXPECT_EQ(parsed[1]["step_ns"], 4);
  EXPECT_EQ(parsed[1]["moved_bytes"], -1);
  for (const auto& [key, value] : parsed[1].items()) EXPECT_TRUE(parsed[2].contains(key)) << key;
  EXPECT_EQ(parsed[1].size(), parsed[2].size());
}

TEST(ReplayLines, AnOutputIsNotOverwrittenUnasked) {
  const testing::TemporaryFolder folder;
  const std::string path = folder / "a.jsonl";
  CheckReplayOutput(path, false);
  testing::WriteText(path, "x");
  EXPECT_THROW(CheckReplayOutput(path, false), UserError);
  CheckReplayOutput(path, true);
  EXPECT_THROW(CheckReplayOutput(folder.path(), true), UserError);
}

}  // namespace
}  // namespace plelab
