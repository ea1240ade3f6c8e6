// What a config may say at most: each limit is allowed, and what passes it is an error.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "harness/config/yaml_tree.h"
#include "tests/harness/config/config_test_support.h"

namespace plelab {
namespace config_limits_test {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// Nested to a depth, below one key; and as many values as these in one list.
TEST(ConfigLimits, ADepthAndANumberOfValuesAreAllowed) {
  const auto depth = [](int lists) { return "a: " + std::string(lists, '[') + std::string(lists, ']'); };
  EXPECT_NO_THROW(ParseYaml(depth(32), "x"));
  EXPECT_THROW(ParseYaml(depth(33), "x"), UserError);
  const auto values = [](int items) {
    std::string text = "[x";
    for (int i = 1; i < items; ++i) text += ",x";
    return text + "]";
  };
  EXPECT_EQ(ParseYaml(values(49'999), "x").items.size(), 49'999u);
  EXPECT_THROW(ParseYaml(values(50'000), "x"), UserError);
}

TEST(ConfigLimits, WhatIsNoExperimentIsNamedAsItStands) {
  EXPECT_THAT(ErrorOf("experiment: [depth]\n"), StartsWith("x.yaml:1:13: unknown experiment a list; "));
  EXPECT_THAT(ErrorOf(kHead + "arm: {name: a}\n"), StartsWith("x.yaml:5:1: unknown key 'arm' in a config"));
  const std::string head = "experiment: parameter_groups\nshapes: ";
  const std::string wanted = "'shapes': expected a shape, a checkpoint or a JSON file, found ";
  EXPECT_EQ(ErrorOf(head + "[e2b, '']\n"), "x.yaml:2:15: " + wanted + "''");
  EXPECT_EQ(ErrorOf(head + "[e2b, [e4b]]\n"), "x.yaml:2:15: " + wanted + "a list");
  EXPECT_EQ(ErrorOf(head + "e2b\n"), "x.yaml:2:9: 'shapes': expected a list such as [e2b, e4b], found 'e2b'");
}

TEST(ConfigLimits, EachLimitIsAllowedAndWhatPassesItIsNot) {
  const std::pair<const char*, const char*> limits[] = {
      {"design.reps=1", "design.reps=0"},
      {"design.reps=100000", "design.reps=100001"},
      {"model.threads=1024", "model.threads=1025"},
      {"workload.batch=4096", "workload.batch=4097"},
      {"workload.temperature=0.001", "workload.temperature=0.0009"},
      {"workload.temperature=100", "workload.temperature=100.1"},
      {"design.margin=0", "design.margin=-0.1"},
      {"design.margin=100%", "design.margin=1.01"},
      {"design.settle=5ms", "design.settle=5001us"},
      {"design.settle=0", "design.settle=3"},
      {"page_cache.limit=0MiB", "page_cache.limit=64"}};
  for (const auto& [allowed, refused] : limits) {
    EXPECT_EQ(ErrorOf(kHead, {allowed}), "no error");
    EXPECT_NE(ErrorOf(kHead, {refused}), "no error") << refused;
  }
  EXPECT_EQ(ErrorOf(kHead + "design: {settle: 6ms}\n"),
            "x.yaml:5:18: 'settle' in 'design': expected a time such as 200us, at most 5 ms, found '6ms'");
  EXPECT_THAT(ErrorOf(kHead + "design: {settle: [1ms]}\n"),
              HasSubstr("expected a time such as 200us, at most 5 ms, found a list"));
  const std::string offload = "experiment: offload_vs_mlp\nshapes: [e2b]\noffload: {scratch: ";
  EXPECT_EQ(ErrorOf(offload + "1MiB}\n"), "no error");
  EXPECT_EQ(ErrorOf(offload + "1000TB}\n"), "no error");
  EXPECT_THAT(ErrorOf(offload + "1048575B}\n"), HasSubstr("an amount of at least 1.0 MiB"));
  EXPECT_THAT(ErrorOf(offload + "1001TB}\n"), HasSubstr("found '1001TB'"));
}

TEST(ConfigLimits, ListsWordsAndTruthsAreWhatTheyAre) {
  EXPECT_THAT(ErrorOf(kHead, {"workload.images=a.png"}),
              HasSubstr("'images' in 'workload': expected a list such as [a, b], found 'a.png'"));
  EXPECT_THAT(ErrorOf(kHead, {"workload.audio=['']"}), HasSubstr("expected a list such as [a, b]"));
  EXPECT_THAT(ErrorOf(kHead, {"workload.audio=[[a]]"}), HasSubstr("expected a list such as [a, b]"));
  EXPECT_THAT(ErrorOf(kHead + "page_cache: {verify: 'true'}\n"),
              HasSubstr("expected true or false, found text \"true\""));
  EXPECT_THAT(ErrorOf(kHead + "page_cache: {verify: [true]}\n"), HasSubstr("expected true or false"));
  EXPECT_THAT(ErrorOf(kHead + "design: {order: [abba]}\n"),
              HasSubstr("expected one of williams, shuffled, found a list"));
  EXPECT_THAT(ErrorOf(kHead + "design: {margin: '5%'}\n"), HasSubstr("found text \"5%\""));
  EXPECT_THAT(ErrorOf(kHead, {"workload.temperature=inf"}), HasSubstr("found 'inf'"));
  EXPECT_THAT(ErrorOf(kHead, {"workload.temperature=5%"}), HasSubstr("expected a number from"));
}

TEST(ConfigLimits, SectionsThatAgreeWithThemselves) {
  EXPECT_EQ(ErrorOf(kHead + "design: {reps: 5, stop: {rel_half_width: 1%, max_reps: 5}}\n"), "no error");
  EXPECT_EQ(ErrorOf(kHead + "design: {reps: 61}\n"), "no error") << "more than max_reps, without a stop rule";
  EXPECT_EQ(ErrorOf(kHead + "page_cache: {limit: 15MiB}\n"), "no error");
  EXPECT_EQ(ErrorOf(kHead + "design: {isolate: process}\npage_cache: {limit: 0MiB}\n"), "no error");
  EXPECT_EQ(ErrorOf(kHead + "page_cache: {initial: cold, maintain: evict_each_step}\n"), "no error");
  const std::string cold = "page_cache: {initial: cold, maintain: evict_each_step}";
  EXPECT_EQ(ErrorOf(kHeadWithoutVariants + "variants: [{name: a, ple: {strategy: disk}, " + cold + "}]\n"),
            "no error");
}

TEST(ConfigLimits, NamesAndGroupsOfVariants) {
  const auto named = [](const std::string& name, const std::string& rest = "") {
    return ErrorOf(kHeadWithoutVariants + "variants: [{name: '" + name + "', ple: {strategy: disk}" + rest +
                   "}]\n");
  };
  EXPECT_EQ(named(std::string(120, 'a')), "no error");
  EXPECT_THAT(named(std::string(121, 'a')), HasSubstr("expected at most 120 letters"));
  EXPECT_EQ(named("7_-.,=@%+z"), "no error");
  for (const char* name : {"a:b", "a/b", "a*b", "a~b", "_a", "@a"})
    EXPECT_NE(named(name), "no error") << name;
  EXPECT_EQ(named("a", ", group: g"), "no error");
  EXPECT_THAT(named("a", ", group: ''"),
              HasSubstr("'group' in 'variants': expected text that is not empty, found text \"\""));
  EXPECT_THAT(named("a", ", own_table: perhaps"),
              HasSubstr("'own_table' in 'variants': expected one of auto, true, false, found 'perhaps'"));
}

}  // namespace config_limits_test
}  // namespace plelab
