#include "harness/results/compare.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <sstream>

#include "harness/results/config_lines.h"
#include "harness/results/result_difference.h"
#include "model/base/format.h"
#include "tests/harness/results/two_results.h"

namespace plelab {
namespace compare_test {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::SetMeta;
using ::testing::StartsWith;
using testing::StepNs;
using testing::TimedRecord;

// resident takes 1 ms; disk takes 1.5 ms, times `factor`, and wobbles by 0.1 %.
StepNs Disk(double factor) {
  return [=](const std::string& variant, int64_t rep, int64_t) -> int64_t {
    if (variant != "disk") return 1'000'000 + 100 * rep;
    return std::llround(1'500'000 * factor) + 1'500 * (rep % 2);
  };
}

Record Result(double factor = 1) { return TimedRecord({.ns = Disk(factor)}); }

ResultComparison Compare(const Record& a, const Record& b, const CompareOptions& options = {}) {
  return CompareResults("a.h5", a, "b.h5", b, options);
}

std::vector<std::string> KeysOf(const std::vector<Difference>& differences) {
  std::vector<std::string> keys;
  for (const Difference& difference : differences)
    keys.push_back(difference.what + ": " + difference.a + " → " + difference.b);
  return keys;
}

std::vector<Difference> InAspect(const Record& a, const Record& b, const std::string& name) {
  for (const Aspect& aspect : DifferencesBetween(a, b)) {
    if (aspect.name == name) return aspect.differences;
  }
  ADD_FAILURE() << "no aspect " << name;
  return {};
}

TEST(ConfigLines, NamesEveryKeyAndCallsVariantsByTheirNames) {
  const std::string yaml =
      "design: {order: abba, stop: {max_reps: 60}}\ntasks: [a, b]\nshapes: []\nvariants:\n  - {name: disk, "
      "ple: {over.backend: pread}}\n";
  EXPECT_THAT(LinesOfConfig(yaml, "x"),
              ElementsAre(std::pair("design.order", "abba"), std::pair("design.stop.max_reps", "60"),
                          std::pair("tasks", "[a, b]"), std::pair("shapes", "[]"),
                          std::pair("variants[disk].name", "disk"),
                          std::pair("variants[disk].ple.over.backend", "pread")));
  EXPECT_EQ(ValueOf(LinesOfConfig(yaml, "x"), "design.order", "?"), "abba");
  EXPECT_EQ(ValueOf(LinesOfConfig(yaml, "x"), "design.margin", "?"), "?");
}

TEST(ResultDifference, NamesEachKeyOfTheConfigThatDiffers) {
  Record b = Result();
  SetMeta(
      b, "config_yaml",
      "experiment: ple_strategies\ndesign:\n  reps: 7\n  seed: 3\npage_cache:\n  initial: warm\nvariants:\n"
      "  - name: resident\n    ple:\n      strategy: resident\n  - name: folded\n    ple:\n      strategy: "
      "folded\n");
  EXPECT_THAT(KeysOf(InAspect(Result(), b, "config")),
              ElementsAre("design.reps: 5 → 7", "design.margin: 2% → —", "variants[disk]: there → —",
                          "design.seed: — → 3", "variants[folded]: — → there"));
  EXPECT_THAT(KeysOf(InAspect(Result(), b, "cache")), ElementsAre("page_cache.initial: cold → warm"))
      << "the state of the page cache is its own aspect";
}

TEST(ResultDifference, EachKeyOfMetaBelongsToOneAspect) {
  const std::vector<std::pair<std::string, std::string>> expected = {{"cpu_model", "machine"},
                                                                     {"cpu_features", "machine"},
                                                                     {"microcode", "machine"},
                                                                     {"cores", "machine"},
                                                                     {"memory", "machine"},
                                                                     {"kernel", "machine"},
                                                                     {"vm", "machine"},
                                                                     {"storage", "machine"},
                                                                     {"filesystem", "machine"},
                                                                     {"scheduler", "machine"},
                                                                     {"read_ahead", "machine"},
                                                                     {"huge_pages", "machine"},
                                                                     {"cgroup", "machine"},
                                                                     {"device", "machine"},
                                                                     {"build_commit", "build"},
                                                                     {"build_dirty_hash", "build"},
                                                                     {"compiler", "build"},
                                                                     {"compiler_flags", "build"},
                                                                     {"build_type", "build"},
                                                                     {"torch", "build"},
                                                                     {"hdf5", "build"},
                                                                     {"measured_with", "build"},
                                                                     {"weights", "inputs"},
                                                                     {"checkpoint_hash", "inputs"},
                                                                     {"tokenizer_hash", "inputs"},
                                                                     {"text_hash", "inputs"},
                                                                     {"accuracy_text_hash", "inputs"},
                                                                     {"git_commit", ""},
                                                                     {"started_at", ""}};
  for (const auto& [key, owner] : expected) {
    Record b = Result();
    SetMeta(b, key, "other");
    for (const Aspect& aspect : DifferencesBetween(Result(), b)) {
      EXPECT_EQ(aspect.differences.size(), aspect.name == owner ? 1u : 0u) << key << " in " << aspect.name;
    }
  }
}

TEST(ResultDifference, TheCachesOfAVariantAreThoseOfItsRepetitions) {
  const auto state = [](auto change) {
    Record b = Result();
    for (RepRow& rep : b.reps) {
      if (rep.variant == "disk" && rep.rep == 3) change(rep);
    }
    return KeysOf(InAspect(Result(), b, "cache"));
  };
  EXPECT_THAT(state([](RepRow& rep) { rep.guest_cold = "no"; }),
              ElementsAre("disk: cold, guest_cold yes → cold, guest_cold no | cold, guest_cold yes"));
  EXPECT_THAT(state([](RepRow& rep) { rep.page_cache = "warm"; }), ElementsAre(HasSubstr("warm")));
  EXPECT_THAT(state([](RepRow& rep) { rep.device_cold = "unknown"; }),
              ElementsAre(HasSubstr("device_cold unknown")));
  EXPECT_THAT(state([](RepRow& rep) { rep.read_ahead_bytes = 131072; }),
              ElementsAre(HasSubstr("read-ahead 131072 bytes")));
  EXPECT_THAT(state([](RepRow& rep) { rep.cache_start = "warmed"; }),
              ElementsAre(HasSubstr("PLE cache warmed")));
  EXPECT_THAT(state([](RepRow& rep) { rep.cache_start = "none"; }), IsEmpty());
}

TEST(ResultDifference, OutputsAgreeByVariantAndRepetition) {
  Record b = Result();
  for (RepRow& rep : b.reps) {
    if (rep.variant == "disk" && rep.rep != 2) rep.output_sha256 = "other";
    if (rep.variant == "disk" && rep.rep == 4) rep.output_sha256 = "";
  }
  const std::vector<OutputAgreement> agreements = CompareOutputs(Result(), b);
  ASSERT_EQ(agreements.size(), 2u) << "not the twin";
  EXPECT_EQ(agreements[0].compared, 5);
  EXPECT_THAT(agreements[0].differing, IsEmpty());
  EXPECT_EQ(agreements[1].variant, "disk");
  EXPECT_EQ(agreements[1].compared, 4);
  EXPECT_THAT(agreements[1].differing, ElementsAre(0, 1, 3));
  EXPECT_THAT(Compare(Result(), b).text,
              AllOf(HasSubstr("outputs: DIFFER in 3 of 9"), HasSubstr("disk: 3 of 4 differ: 0, 1, 3")));
}

TEST(CompareResults, EqualConditionsGiveATableAndNoRefusal) {
  const ResultComparison same = Compare(Result(), Result(1.01));
  EXPECT_EQ(same.refusal, "");
  for (const char* line : {"config: the same", "inputs: the same", "machine: the same", "build: the same",
                           "cache: the same", "outputs: the same (2 variants, 10 repetitions"}) {
    EXPECT_THAT(same.text, HasSubstr(line));
  }
  EXPECT_THAT(same.text,
              HasSubstr("step times: 5 and 5 repetitions; margin 2 %\nrepetitions are not paired (Welch)\n"));
  EXPECT_THAT(same.text, HasSubstr("pass"));
}

TEST(CompareResults, RefusesTimesAcrossMachineBuildAndCacheUnlessTold) {
  Record machine = Result(), build = Result(), cache = Result();
  SetMeta(machine, "cpu_model", "another CPU");
  SetMeta(build, "build_commit", "c2");
  cache.reps[6].guest_cold = "no";
  const std::vector<std::pair<std::string, Record>> others = {
      {"machine", machine}, {"build", build}, {"cache", cache}};
  for (const auto& [aspect, other] : others) {
    const ResultComparison refused = Compare(Result(), other);
    EXPECT_THAT(refused.refusal,
                AllOf(StartsWith("b.h5: no time is compared with a.h5, because its " + aspect + " differs ("),
                      HasSubstr("say --across " + aspect)));
    EXPECT_THAT(refused.text, AllOf(HasSubstr(aspect + ": differs"), HasSubstr("outputs: the same"),
                                    Not(HasSubstr("step times"))));
    EXPECT_EQ(Compare(Result(), other, {.across = {aspect}}).refusal, "");
    const std::string wrong = aspect == "build" ? "cache" : "build";
    EXPECT_THAT(Compare(Result(), other, {.across = {wrong}}).refusal,
                HasSubstr("say --across " + wrong + "," + aspect));
  }
  SetMeta(build, "kernel", "Linux 7");
  EXPECT_THAT(Compare(Result(), build).refusal,
              AllOf(HasSubstr("machine differs (kernel: 'Linux 6' there, 'Linux 7' here)"),
                    HasSubstr("build differs (build_commit: 'c1' there, 'c2' here)"),
                    HasSubstr("--across machine,build")));
}

TEST(CompareResults, AnotherConfigOrOtherInputsAreToldAndCompared) {
  Record b = Result();
  SetMeta(b, "text_hash", "bb");
  SetMeta(b, "git_commit", "c9");
  const ResultComparison comparison = Compare(Result(), b);
  EXPECT_EQ(comparison.refusal, "");
  EXPECT_THAT(comparison.text, HasSubstr("inputs: differs\n  text_hash "));
}

TEST(CompareResults, SlowerIsWhatLiesAboveWithItsWholeInterval) {
  const auto slower = [](double factor, double allowed) {
    return Compare(Result(), Result(factor), {.fail_if_slower = allowed}).slower;
  };
  EXPECT_THAT(slower(1.05, 0.02), ElementsAre("disk"));
  EXPECT_THAT(slower(1.05, 0.06), IsEmpty());
  EXPECT_THAT(slower(1.0205, 0.02), IsEmpty()) << "its interval holds 1.02";
  EXPECT_THAT(slower(0.9, 0.02), IsEmpty()) << "faster is not slower";
  EXPECT_THAT(slower(1.002, 0), ElementsAre("disk"));
  EXPECT_THAT(Compare(Result(), Result(1.5)).slower, IsEmpty()) << "nobody asked";
}

TEST(CompareResults, WhatCannotAnswerIsNoPass) {
  const CompareOptions asked{.fail_if_slower = 0.02};
  Record short_run = TimedRecord({.reps = 4, .ns = Disk(1)});
  EXPECT_THAT(Compare(Result(), short_run, asked).refusal,
              HasSubstr("'resident' has 5 and 4 repetitions, and an interval needs 5"));
  EXPECT_EQ(Compare(Result(), short_run).refusal, "");
  Record failed = Result();
  SetMeta(failed, "control", "failed");
  EXPECT_THAT(Compare(Result(), failed, asked).refusal, HasSubstr("the control of B failed"));
  EXPECT_THAT(Compare(failed, Result(), asked).refusal, HasSubstr("the control of A failed"));
  EXPECT_EQ(Compare(Result(), failed).refusal, "");
  Record untimed = Result();
  untimed.steps.clear();
  EXPECT_THAT(Compare(Result(), untimed, asked).refusal, HasSubstr("no variant was timed in both"));
  EXPECT_THAT(Compare(Result(), untimed).text, HasSubstr("no variant was timed in both"));
}

TEST(CompareResults, AVariantThatNoLongerFinishesIsNoPass) {
  const CompareOptions asked{.fail_if_slower = 0.02};
  Record broken = Result();
  broken.variants[1].status = "failed";
  broken.variants[1].error = "it broke";
  EXPECT_THAT(Compare(Result(), broken, asked).refusal,
              HasSubstr("'disk' failed there (it broke) and finished in A"));
  EXPECT_EQ(Compare(broken, broken, asked).refusal, "") << "it never did";
  EXPECT_EQ(Compare(broken, Result(), asked).refusal, "") << "it was mended";
}

TEST(CompareResults, SaysFirstWhatMakesTimesWorthless) {
  Record failed = Result(), random = Result(), debug = Result();
  SetMeta(failed, "control", "failed");
  SetMeta(random, "weights", "random");
  SetMeta(debug, "measured_with", "a debug build (--allow-debug): no time in here counts");
  EXPECT_THAT(Compare(Result(), failed).text, StartsWith("CONTROL FAILED in B: its times decide nothing"));
  EXPECT_THAT(Compare(failed, failed).text, StartsWith("CONTROL FAILED in A and B"));
  EXPECT_THAT(Compare(failed, Result()).text, Not(HasSubstr(" pass\n")));
  EXPECT_THAT(Compare(random, random).text, StartsWith("RANDOM WEIGHTS in A and B\n"));
  EXPECT_THAT(Compare(debug, Result(), {.across = {"build"}}).text, StartsWith("DEBUG BUILD in A"));
}

size_t Characters(const std::string& text) {
  return static_cast<size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

TEST(CompareResults, FitsAHundredColumnsWhateverTheNames) {
  const StepNs slow = [](const std::string& variant, int64_t rep, int64_t) -> int64_t {
    return variant == "resident" ? 10'234'567'890 + 1000 * rep : 123'456'789 + 9'000'000 * rep;
  };
  Record a = TimedRecord({.ns = slow}), b = Result(1);
  const std::string name = "a_variant_of_a_name@with=many,options=that,nobody=reads,to=the_end_of_it";
  for (Record* record : {&a, &b}) {
    for (VariantRow& row : record->variants) row.variant = row.variant == "disk" ? name : row.variant;
    for (StepRow& row : record->steps) row.variant = row.variant == "disk" ? name : row.variant;
    for (RepRow& row : record->reps) row.variant = row.variant == "disk" ? name : row.variant;
  }
  SetMeta(b, "compiler_flags", std::string(300, 'f'));
  SetMeta(b, "started_at", std::string(300, 's'));
  for (RepRow& rep : b.reps) rep.output_sha256 = Format("x{}", rep.rep);
  const CompareOptions options{.across = {"build"}};
  for (const auto& [left, right] : {std::pair{&a, &b}, {&b, &a}}) {
    const ResultComparison comparison = CompareResults(std::string(200, 'p'), *left, "q.h5", *right, options);
    ASSERT_THAT(comparison.text, HasSubstr("step times"));
    std::istringstream lines(comparison.text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(Characters(line), 100u) << line;
  }
}

}  // namespace compare_test
}  // namespace plelab
