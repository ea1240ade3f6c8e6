#include "harness/config/yaml_overrides.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/ple/sources/cached_ple.h"
#include "model/ple/sources/disk_ple.h"
#include "tests/harness/config/config_test_support.h"

namespace plelab {
namespace yaml_overrides_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const std::string kTwo =
    kHeadWithoutVariants +
    "variants: [{name: cached, ple: {strategy: cached, capacity: 1MiB, over: {backend: mmap}}}, "
    "{name: disk, ple: {strategy: disk}}]\n";

TEST(Overrides, ReplaceAndAddKeys) {
  const ExperimentConfig config =
      Parse(kTwo, {"model.threads=1", "design.stop.max_reps=7", "workload.decode_tokens=64"});
  EXPECT_EQ(config.model.threads, 1);
  EXPECT_EQ(config.design.stop.max_reps, 7);
  EXPECT_EQ(config.workload.decode_tokens, 64);
}

TEST(Overrides, ReachIntoListsByNumberAndByName) {
  EXPECT_DOUBLE_EQ(Parse(kTwo, {"variants[0].ple.capacity=5%"})
                       .variants[0]
                       .ple.Get<CachedOptions>()
                       .capacity.share_of_table,
                   0.05);
  EXPECT_EQ(Parse(kTwo, {"variants[disk].ple.backend=direct"}).variants[1].ple.Get<DiskOptions>().backend,
            IoBackend::kDirect);
  EXPECT_EQ(Parse(kTwo, {"variants[1]={name: other, ple: {strategy: resident}}"}).variants[1].name, "other");
}

TEST(Overrides, ReachTheSourceBelowACacheHoweverItIsWritten) {
  const std::string head = kHeadWithoutVariants + "variants: [{name: c, ple: {strategy: cached, ";
  for (const char* over : {"over: {backend: mmap}", "over.backend: mmap", "over: disk", "capacity: 1MiB"}) {
    const ExperimentConfig config = Parse(head + over + "}}]\n", {"variants[0].ple.over.backend=direct"});
    EXPECT_EQ(config.variants[0].ple.over->Get<DiskOptions>().backend, IoBackend::kDirect) << over;
  }
}

TEST(Overrides, LaterOnesWin) { EXPECT_EQ(Parse(kTwo, {"design.reps=5", "design.reps=6"}).design.reps, 6); }

TEST(Overrides, NullRemovesAKey) {
  EXPECT_FALSE(Parse(kTwo + "accuracy: {text_file: b.txt}\n", {"accuracy=null"}).accuracy.enabled);
  EXPECT_EQ(Parse(kTwo, {"workload.text_file=null", "workload.trace=t.json"}).workload.trace, "t.json");
}

TEST(Overrides, AddSweeps) {
  const ExperimentConfig config =
      Parse(kTwo, {"sweep.model.threads=[1, 2]", "exclude=[{name: disk, model.threads: 1}]"});
  EXPECT_THAT(NamesOf(config), ElementsAre("cached@threads=1", "cached@threads=2", "disk@threads=2"));
}

TEST(Overrides, NameAVariantOfASweepThatWasRecorded) {
  const ExperimentConfig config = Parse(kTwo, {"sweep.model.threads=[1, 2]"});
  const ExperimentConfig again = Parse(config.resolved_yaml, {"variants[disk@threads=1].ple.backend=mmap"});
  EXPECT_EQ(again.variants[2].ple.Get<DiskOptions>().backend, IoBackend::kMmap);
  EXPECT_EQ(again.variants[3].ple.Get<DiskOptions>().backend, IoBackend::kPread);
}

TEST(Overrides, ValuesAreCheckedLikeThoseInTheFileAndErrorsNameTheOption) {
  EXPECT_EQ(ErrorOf(kTwo, {"workload.decode_tokens=abc"}),
            "--set workload.decode_tokens=abc: 'decode_tokens' in 'workload': expected a whole number from 1 "
            "to 16777216, found 'abc'");
  EXPECT_THAT(ErrorOf(kTwo, {"workload.decode_token=4"}),
              HasSubstr("--set workload.decode_token=4: unknown key 'decode_token' in 'workload'; known: "));
  EXPECT_THAT(ErrorOf(kTwo, {"variants[0].ple.capcity=4"}),
              HasSubstr("--set variants[0].ple.capcity=4: unknown key 'capcity' in 'ple'; known: "));
  EXPECT_THAT(ErrorOf(kTwo, {"desing.reps=4"}), HasSubstr("--set desing.reps=4: unknown key 'desing'"));
}

TEST(Overrides, BrokenAssignments) {
  EXPECT_EQ(ErrorOf(kTwo, {"design.reps"}),
            "--set design.reps: expected KEY=VALUE, such as workload.decode_tokens=64");
  EXPECT_THAT(ErrorOf(kTwo, {"=4"}), HasSubstr("expected KEY=VALUE"));
  EXPECT_THAT(ErrorOf(kTwo, {"design.=4"}), HasSubstr("the key ends with a dot"));
  EXPECT_THAT(ErrorOf(kTwo, {"design..reps=4"}), HasSubstr("expected a key"));
  EXPECT_THAT(ErrorOf(kTwo, {"variants[0=4"}), HasSubstr("expected KEY=VALUE"));
  EXPECT_THAT(ErrorOf(kTwo, {"variants[].name=4"}), HasSubstr("expected [NUMBER] or [NAME]"));
  EXPECT_THAT(ErrorOf(kTwo, {"design.reps=[4"}), HasSubstr("--set design.reps=[4:"));
}

TEST(Overrides, ReachListsOfPlainValuesAndNamesThatLookLikeNumbers) {
  const std::string groups = "experiment: parameter_groups\nshapes: [e2b, e4b]\n";
  EXPECT_THAT(Parse(groups, {"shapes[1]=small"}).shapes, ElementsAre("e2b", "small"));
  EXPECT_EQ(ErrorOf(groups, {"shapes[2]=small"}),
            "--set shapes[2]=small: 'shapes' has no entry '2'; it has 2, numbered from 0");
  const std::string numbers =
      kHeadWithoutVariants +
      "variants: [{name: '7', ple: {strategy: disk}}, {name: 0x, ple: {strategy: disk}}]\n";
  EXPECT_EQ(Parse(numbers, {"variants[7].ple.backend=mmap"}).variants[0].ple.Get<DiskOptions>().backend,
            IoBackend::kMmap);
  EXPECT_EQ(Parse(numbers, {"variants[0x].ple.backend=mmap"}).variants[1].ple.Get<DiskOptions>().backend,
            IoBackend::kMmap);
}

TEST(Overrides, MistakesInsideAValueNameTheOption) {
  EXPECT_THAT(ErrorOf(kTwo, {"design={reps: 3, stop: {max: 1}}"}),
              HasSubstr("--set design={reps: 3, stop: {max: 1}}: unknown key 'max' in 'design.stop'"));
  EXPECT_THAT(ErrorOf(kTwo, {"sweep.model.threads=[1, two]"}),
              HasSubstr("--set sweep.model.threads=[1, two]: 'threads' in 'variants[cached@threads=two]."));
  EXPECT_THAT(ErrorOf(kTwo, {"exclude=[{name: nobody}]"}),
              HasSubstr("--set exclude=[{name: nobody}]: 'exclude' matches no variant"));
  EXPECT_THAT(ErrorOf(kTwo, {"zip.model.threads=[1, 2]", "zip.workload.batch=[1]"}),
              HasSubstr("'zip' needs lists of one length"));
  EXPECT_EQ(Parse(kTwo, {"workload.text_file=a=b"}).workload.text_file, "a=b") << "the first = splits";
}

TEST(Overrides, EntriesThatAreNotThere) {
  EXPECT_EQ(ErrorOf(kTwo, {"variants[2].name=x"}),
            "--set variants[2].name=x: 'variants' has no entry '2'; it has 2, numbered from 0: cached, disk");
  EXPECT_THAT(ErrorOf(kTwo, {"variants[dsk].name=x"}), HasSubstr("'variants' has no entry 'dsk'"));
  EXPECT_EQ(ErrorOf(kTwo, {"model[0]=x"}), "--set model[0]=x: 'model' is a map, not a list");
  EXPECT_EQ(ErrorOf(kTwo, {"variants.name=x"}), "--set variants.name=x: 'variants' is a list, not a map");
}

}  // namespace yaml_overrides_test
}  // namespace plelab
