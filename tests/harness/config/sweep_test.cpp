#include "harness/config/sweep.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/format.h"
#include "model/ple/sources/cached_ple.h"
#include "model/ple/sources/disk_ple.h"
#include "model/ple/strategies/strategy_table.h"
#include "model/ple/strategies/transform_table.h"
#include "model/ple/transforms/fixed_rows.h"
#include "model/ple/transforms/low_rank_rows.h"
#include "tests/harness/config/config_test_support.h"

namespace plelab {
namespace sweep_test {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

// Line 4.  What a test adds starts on line 5.
const std::string kThree =
    kHeadWithoutVariants +
    "variants: [{name: resident, ple: {strategy: resident}}, "
    "{name: cached, ple: {strategy: cached, capacity: 1MiB}}, {name: disk, ple: {strategy: disk}}]\n";

TEST(Sweep, MultipliesEveryVariantInOrder) {
  const ExperimentConfig config = Parse(kThree + "sweep: {model.threads: [1, 2]}\n");
  EXPECT_THAT(NamesOf(config), ElementsAre("resident@threads=1", "resident@threads=2", "cached@threads=1",
                                           "cached@threads=2", "disk@threads=1", "disk@threads=2"));
  EXPECT_EQ(config.variants[4].model.threads, 1);
  EXPECT_EQ(config.variants[5].model.threads, 2);
  EXPECT_EQ(config.variants[5].ple.strategy, PleStrategy::kDisk);
}

TEST(Sweep, IsAProductOfItsKeys) {
  const ExperimentConfig config =
      Parse(kHead + "sweep: {model.dtype: [float32, bfloat16], workload.batch: [1, 4]}\n");
  EXPECT_THAT(NamesOf(config),
              ElementsAre("resident@dtype=float32,batch=1", "resident@dtype=float32,batch=4",
                          "resident@dtype=bfloat16,batch=1", "resident@dtype=bfloat16,batch=4"));
  EXPECT_EQ(config.variants[1].model.dtype, DType::kFloat32);
  EXPECT_EQ(config.variants[1].workload.batch, 4);
}

TEST(Sweep, AnOptionMultipliesOnlyTheStrategiesThatHaveIt) {
  const ExperimentConfig config = Parse(kThree + "sweep: {ple.capacity: [1%, 5%]}\n");
  EXPECT_THAT(NamesOf(config), ElementsAre("resident", "cached@capacity=1%", "cached@capacity=5%", "disk"));
  // Takes precedence over the variant's own 1MiB.
  EXPECT_DOUBLE_EQ(config.variants[1].ple.Get<CachedOptions>().capacity.share_of_table, 0.01);
  EXPECT_DOUBLE_EQ(config.variants[2].ple.Get<CachedOptions>().capacity.share_of_table, 0.05);
}

TEST(Sweep, AnOptionMultipliesOnlyTheTransformsThatHaveIt) {
  const ExperimentConfig config = Parse(kHeadWithoutVariants +
                                        "variants: [{name: resident, ple: {strategy: resident}}, "
                                        "{name: zero, ple: {strategy: resident, transform: zero_layers}}, "
                                        "{name: svd, ple: {strategy: disk, transform: low_rank}}]\n"
                                        "sweep: {ple.layers: [0, 0-1], ple.rank: [1, 2]}\n");
  EXPECT_THAT(NamesOf(config),
              ElementsAre("resident", "zero@layers=0", "zero@layers=0-1", "svd@rank=1", "svd@rank=2"));
  EXPECT_THAT(config.variants[2].ple.Get<FixedRowsOptions>().layers, ElementsAre(0, 1));
  EXPECT_EQ(config.variants[4].ple.Get<LowRankOptions>().rank, 2);
}

TEST(Sweep, ReachesTheSourceBelowACache) {
  const ExperimentConfig config = Parse(kThree + "sweep: {ple.over.backend: [pread, mmap]}\n");
  EXPECT_THAT(NamesOf(config),
              ElementsAre("resident", "cached@backend=pread", "cached@backend=mmap", "disk"));
  EXPECT_EQ(config.variants[2].ple.over->Get<DiskOptions>().backend, IoBackend::kMmap);
}

TEST(Sweep, NamesKeepWholeKeysWhereTheirEndsAreAlike) {
  const ExperimentConfig config = Parse(kThree + "sweep: {ple.backend: [mmap], ple.over.backend: [pread]}\n");
  EXPECT_THAT(NamesOf(config),
              ElementsAre("resident", "cached@ple.over.backend=pread", "disk@ple.backend=mmap"));
}

TEST(Sweep, APathStandsInANameByItsStem) {
  const ExperimentConfig config = Parse(kHead + "sweep: {workload.text_file: [texts/a.txt, texts/b.txt]}\n");
  EXPECT_THAT(NamesOf(config), ElementsAre("resident@text_file=a", "resident@text_file=b"));
  EXPECT_EQ(config.variants[1].workload.text_file, "texts/b.txt");
}

TEST(Sweep, ZipTakesListsInLockstep) {
  const ExperimentConfig config = Parse(kHead + "zip: {model.threads: [1, 2], workload.batch: [1, 8]}\n");
  EXPECT_THAT(NamesOf(config), ElementsAre("resident@threads=1,batch=1", "resident@threads=2,batch=8"));
}

TEST(Sweep, ZipMultipliesWithSweep) {
  const ExperimentConfig config = Parse(kHead +
                                        "sweep: {model.dtype: [float32, bfloat16]}\n"
                                        "zip: {model.threads: [1, 2], workload.batch: [1, 8]}\n");
  EXPECT_THAT(
      NamesOf(config),
      ElementsAre("resident@dtype=float32,threads=1,batch=1", "resident@dtype=float32,threads=2,batch=8",
                  "resident@dtype=bfloat16,threads=1,batch=1", "resident@dtype=bfloat16,threads=2,batch=8"));
}

TEST(Sweep, ExcludeLeavesOutWhatMatchesAllItsKeys) {
  const ExperimentConfig config = Parse(kThree +
                                        "sweep: {model.threads: [1, 2]}\n"
                                        "exclude: [{name: disk, model.threads: 1}, {name: cached}]\n");
  EXPECT_THAT(NamesOf(config), ElementsAre("resident@threads=1", "resident@threads=2", "disk@threads=2"));
}

TEST(Sweep, ValuesAreCheckedLikeAnyOtherAtTheirOwnPlace) {
  EXPECT_EQ(ErrorOf(kHead + "sweep:\n  model.threads: [1, two]\n"),
            "x.yaml:6:22: 'threads' in 'variants[resident@threads=two].model': expected a whole number from "
            "0 to 1024, found 'two'");
  EXPECT_THAT(ErrorOf(kThree + "sweep: {ple.capacity: [5 bananas]}\n"), StartsWith("x.yaml:5:24: "));
}

TEST(Sweep, KeysThatCannotBeSweptAreRefused) {
  for (const char* key :
       {"design.reps", "model.checkpoint", "workload.btach", "ple.capcity", "threads", "model"}) {
    EXPECT_THAT(
        ErrorOf(kHead + "sweep: {" + key + ": [1, 2]}\n"),
        StartsWith(
            "x.yaml:5:9: '" + std::string(key) +
            "' cannot be swept; these can: model.{threads, dtype, kv_dtype, pin}, workload.{text_file,"));
  }
  EXPECT_EQ(ErrorOf(kHead + "sweep: {ple.capacity: [1%, 5%]}\n"),
            "x.yaml:5:9: no variant uses 'ple.capacity'");
}

TEST(Sweep, EmptySweepsAreErrors) {
  EXPECT_EQ(ErrorOf(kHead + "sweep: {model.threads: []}\n"),
            "x.yaml:5:24: 'model.threads': expected a list of at least one value, found an empty list");
  EXPECT_THAT(ErrorOf(kHead + "sweep: {model.threads: 2}\n"),
              HasSubstr("expected a list of at least one value, found '2'"));
  EXPECT_EQ(ErrorOf(kHead + "sweep: {}\n"),
            "x.yaml:5:8: 'sweep': expected a map of keys to lists of values, found an empty map");
  EXPECT_THAT(ErrorOf(kHead + "zip:\n"),
              HasSubstr("'zip': expected a map of keys to lists of values, found nothing"));
}

TEST(Sweep, RepeatedAndNestedValuesAreErrors) {
  EXPECT_EQ(ErrorOf(kHead + "sweep: {model.threads: [1, 2, 1]}\n"),
            "x.yaml:5:31: 'model.threads' has the value '1' twice");
  EXPECT_EQ(ErrorOf(kHead + "sweep: {model.threads: [[1], 2]}\n"),
            "x.yaml:5:25: 'model.threads': expected a single value, found a list");
}

TEST(Sweep, ZipNeedsListsOfOneLength) {
  EXPECT_EQ(
      ErrorOf(kHead + "zip: {model.threads: [1, 2], workload.batch: [1]}\n"),
      "x.yaml:5:46: 'zip' needs lists of one length: 'workload.batch' has 1 values, 'model.threads' has 2");
}

TEST(Sweep, ExcludeMustMatchAndLeaveSomething) {
  EXPECT_THAT(ErrorOf(kHead + "exclude: [{model.threads: 3}]\n"),
              StartsWith("x.yaml:5:11: 'exclude' matches no variant"));
  EXPECT_EQ(ErrorOf(kHead + "exclude: [{name: resident}]\n"), "x.yaml:5:10: 'exclude' leaves no variant");
  EXPECT_THAT(ErrorOf(kHead + "exclude: [{}]\n"), HasSubstr("found an empty map"));
  EXPECT_THAT(ErrorOf(kHead + "exclude: {name: resident}\n"),
              HasSubstr("expected a list of maps, found a map"));
}

TEST(Sweep, OfTheStrategyItselfAndOfTheTransformReachesEveryVariant) {
  const ExperimentConfig config =
      Parse(kHead + "sweep: {ple.strategy: [resident, disk], ple.transform: [none, shared]}\n");
  EXPECT_THAT(
      NamesOf(config),
      ElementsAre("resident@strategy=resident,transform=none", "resident@strategy=resident,transform=shared",
                  "resident@strategy=disk,transform=none", "resident@strategy=disk,transform=shared"));
  EXPECT_EQ(config.variants[3].ple.strategy, PleStrategy::kDisk);
  EXPECT_EQ(config.variants[3].ple.transform, PleTransform::kShared);
}

TEST(Sweep, OfAZipEachVariantTakesTheKeysThatItHas) {
  const ExperimentConfig config =
      Parse(kThree + "zip: {ple.capacity: [1%, 5%], page_cache.initial: [warm, cold]}\n");
  EXPECT_THAT(NamesOf(config),
              ElementsAre("resident@initial=warm", "resident@initial=cold", "cached@capacity=1%,initial=warm",
                          "cached@capacity=5%,initial=cold", "disk@initial=warm", "disk@initial=cold"));
  EXPECT_EQ(config.variants[3].page_cache.initial, PageCacheInitial::kCold);
  EXPECT_THAT(NamesOf(Parse(kHead + "zip: {model.threads: [1, 1], workload.batch: [1, 2]}\n")),
              ElementsAre("resident@threads=1,batch=1", "resident@threads=1,batch=2"))
      << "one value may stand in several rows";
}

TEST(Sweep, WhatDoesNotFitInANameBecomesAnUnderscoreAndAnAtIsNotRepeated) {
  const ExperimentConfig config =
      Parse(kHeadWithoutVariants + "variants: [{name: a@b, ple: {strategy: resident}}]\n" +
            "sweep: {workload.text_file: ['my text.txt', 'to/my text.txt']}\n");
  EXPECT_THAT(NamesOf(config), ElementsAre("a@b,text_file=my_text.txt", "a@b,text_file=my_text"));
  EXPECT_THAT(ErrorOf(kHead + "sweep: {page_cache.inital: [warm]}\n"),
              StartsWith("x.yaml:5:9: 'page_cache.inital' cannot be swept"));
  EXPECT_THAT(ErrorOf(kHead + "sweep: {workload.threads: [1]}\n"),
              StartsWith("x.yaml:5:9: 'workload.threads' cannot be swept"));
}

TEST(Sweep, AThousandVariantsAreAllowed) {
  std::string threads = "1", batches = "1";
  for (int i = 2; i <= 25; ++i) threads += Format(", {}", i);
  for (int i = 2; i <= 40; ++i) batches += Format(", {}", i);
  const std::string thousand = Format("model.threads: [{}], workload.batch: [{}]", threads, batches);
  EXPECT_EQ(Parse(kHead + "sweep: {" + thousand + "}\n").variants.size(), 1000u);
}

TEST(Sweep, AThousandVariantsAreEnough) {
  std::string values = "1";
  for (int i = 2; i <= 40; ++i) values += Format(", {}", i);
  EXPECT_THAT(ErrorOf(kHead + Format("sweep: {{model.threads: [{0}], workload.batch: [{0}]}}\n", values)),
              ::testing::AllOf(StartsWith("x.yaml:5:"), ::testing::EndsWith(": more than 1000 variants")));
}

}  // namespace sweep_test
}  // namespace plelab
