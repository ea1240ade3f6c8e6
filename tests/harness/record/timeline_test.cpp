#include "harness/record/timeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/temporary_folder.h"

namespace plelab {
namespace timeline_test {

using nlohmann::json;

TEST(TimelineTest, EachTrackHasItsNumberAndTimesAreMicroseconds) {
  const testing::TemporaryFolder folder;
  Timeline timeline;
  timeline.Add("run", "time", 1'000, 9'000);
  timeline.Add("disk", "step 0", 2'500, 3'000);
  timeline.Add("run", "memory", 12'000, 500);
  timeline.Write(folder / "t.json");
  const json trace = json::parse(testing::ReadText(folder / "t.json"));
  EXPECT_EQ(trace["displayTimeUnit"], "ms");
  const json& events = trace["traceEvents"];
  ASSERT_EQ(events.size(), 5u);
  for (int64_t i = 0; i < 2; ++i) {
    EXPECT_EQ(events[i]["ph"], "M");
    EXPECT_EQ(events[i]["tid"], i);
    EXPECT_EQ(events[i]["args"]["name"], i == 0 ? "run" : "disk");
  }
  const auto expect = [&](size_t i, int64_t track, const char* name, double start_us, double us) {
    EXPECT_EQ(events[i]["ph"], "X");
    EXPECT_EQ(events[i]["tid"], track);
    EXPECT_EQ(events[i]["name"], name);
    EXPECT_DOUBLE_EQ(events[i]["ts"].get<double>(), start_us);
    EXPECT_DOUBLE_EQ(events[i]["dur"].get<double>(), us);
  };
  expect(2, 0, "time", 1, 9);
  expect(3, 1, "step 0", 2.5, 3);
  expect(4, 0, "memory", 12, 0.5);
}

TEST(TimelineTest, ASpanEndsWithItsScope) {
  const testing::TemporaryFolder folder;
  Timeline timeline;
  const int64_t before = timeline.now_ns();
  { const TimelineSpan span(&timeline, "run", "scope"); }
  const int64_t after = timeline.now_ns();
  { const TimelineSpan nobody(nullptr, "run", "scope"); }
  timeline.Write(folder / "t.json");
  const json events = json::parse(testing::ReadText(folder / "t.json"))["traceEvents"];
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[1]["name"], "scope");
  EXPECT_GE(events[1]["ts"].get<double>() * 1e3, static_cast<double>(before) - 1);
  EXPECT_GE(events[1]["dur"].get<double>(), 0);
  EXPECT_LE((events[1]["ts"].get<double>() + events[1]["dur"].get<double>()) * 1e3,
            static_cast<double>(after) + 1);
}

}  // namespace timeline_test
}  // namespace plelab
