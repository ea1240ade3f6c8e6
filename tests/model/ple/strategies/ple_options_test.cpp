#include "model/ple/strategies/ple_options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "model/base/error.h"
#include "model/base/layer_set.h"
#include "model/ple/capacity.h"
#include "model/ple/sources/cached_ple.h"
#include "model/ple/sources/disk_ple.h"
#include "model/ple/sources/dropped_ple.h"
#include "model/ple/sources/folded_ple.h"
#include "model/ple/sources/resident_ple.h"
#include "model/ple/strategies/strategy_table.h"
#include "model/ple/strategies/transform_table.h"
#include "model/ple/transforms/codebook_rows.h"
#include "model/ple/transforms/fixed_rows.h"
#include "model/ple/transforms/integer_rows.h"
#include "model/ple/transforms/low_rank_rows.h"

namespace plelab {
namespace ple_options_test {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

template <class F>
std::string UserErrorOf(F f) {
  try {
    f();
  } catch (const UserError& error) {
    return error.what();
  }
  ADD_FAILURE() << "no UserError";
  return "";
}

std::string SpecError(std::string_view spec) {
  return UserErrorOf([&] { ParsePleSpec(spec); });
}

TEST(PleSpec, ANameAloneTakesTheDefaults) {
  EXPECT_THAT(DescribePleOptions(ParsePleSpec("resident")),
              ElementsAre(Pair("strategy", "resident"), Pair("pages", "huge")));
  EXPECT_THAT(DescribePleOptions(ParsePleSpec("disk")),
              ElementsAre(Pair("strategy", "disk"), Pair("backend", "pread"), Pair("advice", "normal"),
                          Pair("prefetch", "true")));
  EXPECT_THAT(DescribePleOptions(ParsePleSpec("dropped")),
              ElementsAre(Pair("strategy", "dropped"), Pair("mode", "zero_row")));
  EXPECT_THAT(
      DescribePleOptions(ParsePleSpec("cached")),
      ElementsAre(Pair("strategy", "cached"), Pair("capacity", "64MiB"), Pair("policy", "lru"),
                  Pair("initial", "empty"), Pair("over.strategy", "disk"), Pair("over.backend", "pread"),
                  Pair("over.advice", "normal"), Pair("over.prefetch", "true")));
}

TEST(PleSpec, EveryOptionIsReadAndDescribed) {
  const PleOptions options =
      ParsePleSpec("cached,capacity=5%,policy=lru,initial=warmed,over.backend=direct,over.prefetch=false");
  EXPECT_EQ(options.strategy, PleStrategy::kCached);
  EXPECT_EQ(options.Get<CachedOptions>().capacity.share_of_table, 0.05);
  EXPECT_EQ(options.Get<CachedOptions>().initial, CacheStart::kWarmed);
  EXPECT_EQ(options.over->strategy, PleStrategy::kDisk);
  EXPECT_EQ(options.over->Get<DiskOptions>().backend, IoBackend::kDirect);
  EXPECT_FALSE(options.over->Get<DiskOptions>().prefetch);
  EXPECT_THAT(
      DescribePleOptions(options),
      ElementsAre(Pair("strategy", "cached"), Pair("capacity", "5%"), Pair("policy", "lru"),
                  Pair("initial", "warmed"), Pair("over.strategy", "disk"), Pair("over.backend", "direct"),
                  Pair("over.prefetch", "false"), Pair("over.alignment", "device")));
  EXPECT_EQ(ParsePleSpec("dropped,mode=block_off").Get<DroppedOptions>().mode, DropMode::kBlockOff);
  EXPECT_EQ(ParsePleSpec("resident,pages=4k").Get<ResidentOptions>().pages, PageSize::k4KiB);
}

TEST(PleSpec, CachesMayStandBeforeCaches) {
  const PleOptions options =
      ParsePleSpec("cached,over=cached,over.capacity=1GiB,over.over=resident,over.over.pages=4k");
  EXPECT_EQ(options.over->Get<CachedOptions>().capacity.bytes, int64_t{1} << 30);
  EXPECT_EQ(options.over->over->strategy, PleStrategy::kResident);
  EXPECT_EQ(options.over->over->Get<ResidentOptions>().pages, PageSize::k4KiB);
}

TEST(PleSpec, WhatIsDescribedCanBeSetAgain) {
  for (const char* spec :
       {"resident,pages=4k", "disk,backend=mmap,prefetch=false", "disk,advice=random",
        "dropped,mode=projection_only", "cached,capacity=1536KiB,over=resident", "cached,capacity=0.7%",
        "disk,transform=mean_layers,layers=0-3+9", "resident,transform=codebook,entries=64,seed=2",
        "cached,transform=previous,over.transform=int4,over.group=16"}) {
    const auto description = DescribePleOptions(ParsePleSpec(spec));
    PleOptions again;
    std::vector<std::string> keys;
    for (const auto& [key, value] : description) {
      SetPleOption(again, key, value);
      keys.push_back(key);
    }
    CheckPleOptions(again, keys);
    EXPECT_EQ(DescribePleOptions(again), description) << spec;
  }
}

TEST(PleSpec, ATransformIsSaidWhereThereIsOneWithItsOwnOptions) {
  const PleOptions options = ParsePleSpec("resident,transform=zero_layers,layers=0-2+7");
  EXPECT_EQ(options.transform, PleTransform::kZeroLayers);
  EXPECT_THAT(options.Get<FixedRowsOptions>().layers, ElementsAre(0, 1, 2, 7));
  EXPECT_THAT(DescribePleOptions(options),
              ElementsAre(Pair("strategy", "resident"), Pair("pages", "huge"),
                          Pair("transform", "zero_layers"), Pair("layers", "0-2+7")));
  EXPECT_THAT(DescribePleOptions(ParsePleSpec("resident,transform=none")),
              ElementsAre(Pair("strategy", "resident"), Pair("pages", "huge")));
  EXPECT_EQ(ParsePleSpec("disk,transform=low_rank,rank=4").Get<LowRankOptions>().rank, 4);
  EXPECT_EQ(ParsePleSpec("disk,transform=int4").Get<IntegerOptions>().group, 32);
  EXPECT_EQ(ParsePleSpec("disk,transform=codebook,entries=16,seed=3").Get<CodebookOptions>().seed, 3);
  EXPECT_EQ(ParsePleSpec("cached,over.transform=int8,over.group=8").over->Get<IntegerOptions>().group, 8);
}

TEST(PleSpec, OptionsOfATransformGoWithItOnly) {
  EXPECT_THAT(SpecError("resident,rank=3"),
              HasSubstr("key 'rank' goes with 'transform: low_rank' only, found 'transform: none'"));
  EXPECT_THAT(
      SpecError("resident,transform=int8,layers=3"),
      HasSubstr(
          "key 'layers' goes with 'transform: zero_layers, mean_layers' only, found 'transform: int8'"));
  EXPECT_THAT(SpecError("dropped,transform=shared"),
              HasSubstr("key 'transform' is not an option of 'dropped'; known: strategy, mode"));
  EXPECT_THAT(
      SpecError("disk,transform=lowrank"),
      HasSubstr("unknown value 'lowrank' for 'transform'; known: none, zero_layers, mean_layers, shuffled, "
                "previous, random, shared, low_rank, int8, int4, codebook, zero_soft"));
}

TEST(PleSpec, ATransformSaysWhatItCannotDoWithout) {
  EXPECT_THAT(SpecError("resident,transform=zero_layers"),
              HasSubstr("'transform: zero_layers' needs 'layers': layers, counted from 0: 5, 0-3 or 0-3+7"));
  EXPECT_THAT(SpecError("cached,transform=low_rank"), HasSubstr("'transform: low_rank' needs 'rank'"));
  EXPECT_THAT(SpecError("cached,over.transform=codebook"),
              HasSubstr("'transform: codebook' needs 'entries'"));
  PleOptions dropped{.strategy = PleStrategy::kDropped, .transform = PleTransform::kShared};
  EXPECT_THAT(UserErrorOf([&] { CheckPleOptions(dropped, {}); }), HasSubstr("is not an option of 'dropped'"));
}

TEST(PleSpec, NumbersOfTransformsAreWholeAndInRange) {
  EXPECT_THAT(SpecError("disk,transform=low_rank,rank=0"),
              HasSubstr("'0' for 'rank': expected a whole number from 1 to 1048576"));
  for (const char* number : {"", "-1", "1.5", "8x", "99999999999999999999"}) {
    EXPECT_THAT(SpecError(Format("disk,transform=int8,group={}", number)),
                HasSubstr(Format("'{}' for 'group': expected a whole number from 1", number)));
  }
  EXPECT_THAT(SpecError("disk,transform=codebook,entries=1"), HasSubstr("from 2 to"));
}

TEST(PleSpec, PreviousStandsOnACacheNotBelowIt) {
  EXPECT_EQ(ParsePleSpec("cached,transform=previous").transform, PleTransform::kPrevious);
  EXPECT_THAT(SpecError("cached,over.transform=previous"), HasSubstr("give the cache itself"));
}

TEST(LayerSets, AreReadAndWrittenInTheirShortestForm) {
  EXPECT_THAT(ParseLayers("layers", "5"), ElementsAre(5));
  EXPECT_THAT(ParseLayers("layers", "7+0-2"), ElementsAre(0, 1, 2, 7));
  EXPECT_EQ(FormatLayers(ParseLayers("layers", "7+2+0-1+8+9+11")), "0-2+7-9+11");
  EXPECT_THAT(ParseLayerOrder("order", "7+0-2+2"), ElementsAre(7, 0, 1, 2, 2));
  EXPECT_EQ(FormatLayers(ParseLayerOrder("order", "7+0-2+2")), "7+0-2+2");
  EXPECT_EQ(FormatLayers({}), "");
  for (const char* text :
       {"", "a", "-1", "1-", "3-1", "1,2", "1+", "0-2+2", "1 - 2", "5000", "1.5", "99999999999999999999"}) {
    EXPECT_THAT(UserErrorOf([&] { ParseLayers("layers", text); }),
                AllOf(HasSubstr(Format("'{}' for 'layers'", text)), HasSubstr("0-3+7")))
        << text;
  }
}

TEST(PleSpec, UnknownNamesListTheKnownOnes) {
  EXPECT_THAT(SpecError("ramdisk"),
              AllOf(HasSubstr("ramdisk"), HasSubstr("known: resident, cached, disk, dropped")));
  EXPECT_THAT(SpecError(""), HasSubstr("known: resident"));
  EXPECT_THAT(SpecError("cached,capcity=5%"),
              AllOf(HasSubstr("PLE spec 'cached,capcity=5%'"),
                    HasSubstr("unknown key 'capcity'; known: strategy"), HasSubstr("capacity")));
  EXPECT_THAT(
      SpecError("cached,policy=fifo"),
      HasSubstr(
          "unknown value 'fifo' for 'policy'; known: lru, lfu, clock, s3fifo, sieve, tinylfu, static_hot"));
  EXPECT_THAT(SpecError("disk,prefetch=yes"),
              HasSubstr("unknown value 'yes' for 'prefetch'; known: true, false"));
  EXPECT_THAT(SpecError("cached,over.backend=uring"),
              HasSubstr("unknown value 'uring' for 'over.backend'; known: pread, direct, mmap"));
  EXPECT_THAT(SpecError("cached,over.bakend=mmap"), HasSubstr("unknown key 'over.bakend'"));
}

TEST(PleOptions, AStaticSetNeedsATraceAndNothingElseTakesOne) {
  EXPECT_THAT(SpecError("cached,policy=static_hot"),
              HasSubstr("'policy: static_hot' needs 'hot_from': a file of token ids"));
  EXPECT_THAT(SpecError("cached,hot_from=ids.json"),
              HasSubstr("key 'hot_from' goes with 'policy: static_hot'"));
  EXPECT_THAT(SpecError("cached,policy=static_hot,hot_from=ids.json,initial=warmed"),
              HasSubstr("key 'initial' goes with every policy but 'static_hot'"));
  const auto options = ParsePleSpec("cached,hot_from=ids.json,policy=static_hot");
  EXPECT_THAT(DescribePleOptions(options), Contains(Pair("hot_from", "ids.json")));
}

TEST(PleSpec, ANearNameIsSuggested) {
  EXPECT_THAT(SpecError("resdent"), HasSubstr("; did you mean 'resident'?"));
  EXPECT_THAT(SpecError("cached,capcity=5%"), HasSubstr("over; did you mean 'capacity'?"));
  EXPECT_THAT(SpecError("cached,over.bakend=mmap"), HasSubstr("over; did you mean 'over.backend'?"));
  EXPECT_THAT(SpecError("disk,transform=lowrank"), HasSubstr("; did you mean 'low_rank'?"));
  EXPECT_THAT(SpecError("cached,policy=fifo"), HasSubstr("; did you mean 's3fifo'?"));
  EXPECT_THAT(SpecError("cached,policy=random"), Not(HasSubstr("did you mean")));
}

TEST(PleSpec, MalformedItemsAreErrors) {
  EXPECT_THAT(SpecError("disk,direct"), HasSubstr("expected key=value, found 'direct'"));
  EXPECT_THAT(SpecError("disk,"), HasSubstr("expected key=value, found ''"));
  EXPECT_THAT(SpecError("disk,backend=mmap,backend=mmap"), HasSubstr("'backend' is given twice"));
  EXPECT_THAT(SpecError("disk,strategy=resident"), HasSubstr("'strategy' is given twice"));
}

TEST(PleSpec, KeysOfOtherStrategiesAreErrors) {
  EXPECT_THAT(
      SpecError("disk,capacity=5%"),
      HasSubstr("key 'capacity' is not an option of 'disk'; known: strategy, backend, advice, prefetch"));
  EXPECT_THAT(SpecError("cached,backend=mmap"), HasSubstr("key 'backend' is not an option of 'cached'"));
  EXPECT_THAT(SpecError("disk,over.backend=mmap"),
              HasSubstr("key 'over.backend' is not an option of 'disk'"));
  EXPECT_THAT(SpecError("cached,over=resident,over.backend=mmap"),
              HasSubstr("key 'over.backend' is not an option of 'resident'"));
}

// Direct reads pass by the page cache: there is no read-ahead to advise about, and none is recorded.
TEST(PleSpec, AdviceGoesWithThePageCache) {
  EXPECT_EQ(ParsePleSpec("disk,advice=random").Get<DiskOptions>().advice, IoAdvice::kRandom);
  EXPECT_EQ(ParsePleSpec("disk,backend=mmap,advice=random").Get<DiskOptions>().advice, IoAdvice::kRandom);
  EXPECT_EQ(ParsePleSpec("cached,over.advice=random").over->Get<DiskOptions>().advice, IoAdvice::kRandom);
  EXPECT_THAT(SpecError("disk,backend=direct,advice=random"),
              HasSubstr("key 'advice' goes with 'backend: pread' and 'backend: mmap'"));
  EXPECT_THAT(SpecError("disk,advice=normal,backend=direct"), HasSubstr("key 'advice' goes with"));
  EXPECT_THAT(SpecError("cached,over.backend=direct,over.advice=random"),
              HasSubstr("key 'over.advice' goes with"));
  EXPECT_THAT(SpecError("disk,advice=sequential"), HasSubstr("known: normal, random"));
  EXPECT_THAT(SpecError("resident,advice=random"), HasSubstr("key 'advice' is not an option of 'resident'"));
  EXPECT_THAT(DescribePleOptions(ParsePleSpec("disk,backend=direct")),
              ElementsAre(Pair("strategy", "disk"), Pair("backend", "direct"), Pair("prefetch", "true"),
                          Pair("alignment", "device")));
}

TEST(PleSpec, OptionsOfIoUringGoWithIt) {
  EXPECT_THAT(SpecError("disk,queue_depth=4"), HasSubstr("key 'queue_depth' goes with 'backend: io_uring'"));
  EXPECT_THAT(SpecError("disk,backend=direct,polling=sqpoll"), HasSubstr("goes with 'backend: io_uring'"));
  EXPECT_THAT(SpecError("disk,backend=io_uring,advice=random"), HasSubstr("key 'advice' goes with"));
  EXPECT_THAT(SpecError("disk,alignment=512"), HasSubstr("key 'alignment' goes with 'backend: direct'"));
  EXPECT_THAT(SpecError("disk,backend=io_uring,queue_depth=0"), HasSubstr("queue_depth"));
  const PleOptions options =
      ParsePleSpec("disk,backend=io_uring,queue_depth=8,polling=sqpoll,registered=false,alignment=4096");
  const IoOptions io = options.Get<DiskOptions>().io(0);
  EXPECT_EQ(io.backend, IoBackend::kUring);
  EXPECT_EQ(io.alignment_bytes, 4096);
  EXPECT_EQ(io.uring.queue_depth, 8);
  EXPECT_EQ(io.uring.polling, UringOptions::Polling::kSubmission);
  EXPECT_FALSE(io.uring.registered);
}

TEST(PleSpec, ACacheNeedsRowsBelow) {
  EXPECT_THAT(SpecError("cached,over=dropped"), HasSubstr("no rows to hold"));
  EXPECT_THAT(SpecError("cached,over=cached,over.over=dropped"), HasSubstr("no rows to hold"));
}

TEST(PleSpec, FoldedStandsBeforeRowsAsTheyAre) {
  EXPECT_EQ(PleOptionsBelow(ParsePleSpec("folded")).strategy, PleStrategy::kDisk);
  EXPECT_THAT(SpecError("folded,over=dropped"), HasSubstr("no rows to hold"));
  EXPECT_THAT(SpecError("cached,over=folded"), HasSubstr("'over: folded' leaves 'cached' no rows to hold"));
  EXPECT_THAT(SpecError("folded,over.transform=int8"), HasSubstr("finished inputs, not rows"));
  EXPECT_THAT(SpecError("folded,over=cached,over.over.transform=int8"),
              HasSubstr("finished inputs, not rows"));
  EXPECT_THAT(SpecError("folded,transform=int8"), HasSubstr("key 'transform' is not an option of 'folded'"));
  EXPECT_FALSE(IsExact(ParsePleSpec("folded")));
}

TEST(PleSpec, FoldedKeepsItsFileWhereItIsTold) {
  const PleOptions options = ParsePleSpec("folded,file=/data/x.safetensors,verify=full,over=resident");
  EXPECT_EQ(options.Get<FoldedOptions>().file, "/data/x.safetensors");
  EXPECT_EQ(options.Get<FoldedOptions>().verify, TableCheck::kFull);
  using Options = std::vector<std::pair<std::string, std::string>>;
  EXPECT_EQ(DescribePleOptions(options), (Options{{"strategy", "folded"},
                                                  {"file", "/data/x.safetensors"},
                                                  {"verify", "full"},
                                                  {"over.strategy", "resident"},
                                                  {"over.pages", "huge"}}));
  EXPECT_EQ(DescribePleOptions(ParsePleSpec("folded"))[1],
            (std::pair<std::string, std::string>("verify", "sampled")));
  EXPECT_THAT(SpecError("folded,file="), HasSubstr("expected the path of a file"));
  EXPECT_THAT(SpecError("disk,file=x"), HasSubstr("key 'file' is not an option of 'disk'"));
}

TEST(PleOptions, KeysMaySetInAnyOrderAndAreCheckedLater) {
  PleOptions options;
  SetPleOption(options, "backend", "direct");
  SetPleOption(options, "strategy", "disk");
  EXPECT_NO_THROW(CheckPleOptions(options, {"backend", "strategy"}));
  SetPleOption(options, "strategy", "resident");
  EXPECT_THROW(CheckPleOptions(options, {"backend", "strategy"}), UserError);
}

TEST(PleOptions, ACopysOptionsBelowAreItsOwn) {
  PleOptions options = ParsePleSpec("cached,over.prefetch=false");
  PleOptions copy = options;
  SetPleOption(copy, "over.backend", "direct");
  EXPECT_EQ(options.over->Get<DiskOptions>().backend, IoBackend::kPread);
  EXPECT_EQ(copy.over->Get<DiskOptions>().backend, IoBackend::kDirect);
  EXPECT_FALSE(copy.over->Get<DiskOptions>().prefetch);
}

TEST(PleOptions, OnlySourcesOfTheTablesOwnRowsAreExact) {
  EXPECT_TRUE(IsExact(ParsePleSpec("resident")));
  EXPECT_TRUE(IsExact(ParsePleSpec("disk,backend=mmap")));
  EXPECT_TRUE(IsExact(ParsePleSpec("cached,over=cached")));
  EXPECT_FALSE(IsExact(ParsePleSpec("dropped")));
  EXPECT_FALSE(IsExact(ParsePleSpec("cached,over.transform=int8")));
}

TEST(PleOptions, TheKnownOnesAreDescribedWithEveryWordThatTheyTake) {
  const auto known = KnownPleOptions();
  EXPECT_EQ(known.front().key, "strategy");
  EXPECT_EQ(known.back().key, "over");
  for (const PleOptionInfo& option : known) {
    EXPECT_FALSE(option.help.empty()) << option.key;
    for (std::string_view value : option.values) {
      PleOptions options;
      EXPECT_NO_THROW(SetPleOption(options, option.key, value)) << option.key << "=" << value;
    }
    for (PleStrategy strategy : option.used_by) {
      PleOptions options{.strategy = strategy};
      options.own.Edit<FixedRowsOptions>().layers = {0};
      options.own.Edit<LowRankOptions>().rank = 1;
      options.own.Edit<CodebookOptions>().entries = 2;
      if (!option.used_with.empty()) options.transform = option.used_with.front();
      if (option.key == "hot_from") SetPleOption(options, "policy", "static_hot");
      for (const char* key : {"alignment", "queue_depth", "polling", "registered"}) {
        if (option.key == key) SetPleOption(options, "backend", "io_uring");
      }
      if (option.key == "mapped") SetPleOption(options, "backend", "mmap");
      options.own.Edit<CachedOptions>().hot_from = "ids.json";
      EXPECT_NO_THROW(CheckPleOptions(options, {std::string(option.key)})) << option.key;
    }
  }
}

TEST(Capacity, IsReadInEveryUnit) {
  EXPECT_EQ(ParseCapacity("capacity", "64MiB").bytes, 64 * 1024 * 1024);
  EXPECT_EQ(ParseCapacity("capacity", "1.5GiB").bytes, int64_t{3} << 29);
  EXPECT_EQ(ParseCapacity("capacity", "64MB").bytes, 64'000'000);
  EXPECT_EQ(ParseCapacity("capacity", "64 MiB").bytes, 64 * 1024 * 1024);
  EXPECT_EQ(ParseCapacity("capacity", "3KiB").bytes, 3072);
  EXPECT_EQ(ParseCapacity("capacity", "17B").bytes, 17);
  EXPECT_EQ(ParseCapacity("capacity", "1TiB").bytes, int64_t{1} << 40);
  EXPECT_EQ(ParseCapacity("capacity", "0").bytes, 0);
  EXPECT_EQ(ParseCapacity("capacity", "0%").Resolve(1000), 0);
}

TEST(Capacity, AShareIsOfTheTable) {
  EXPECT_EQ(ParseCapacity("capacity", "5%").Resolve(4026531840), 201326592);
  EXPECT_EQ(ParseCapacity("capacity", "100%").Resolve(12345), 12345);
  EXPECT_EQ(ParseCapacity("capacity", "64MiB").Resolve(10), 64 * 1024 * 1024);
}

TEST(Capacity, IsWrittenAsItIsRead) {
  for (const char* text : {"64MiB", "1536KiB", "1GiB", "17B", "64MB", "62kB", "1TB", "500KiB", "0", "5%",
                           "7%", "0.1%", "33.3%", "100%"}) {
    EXPECT_EQ(FormatCapacity(ParseCapacity("capacity", text)), text);
  }
}

TEST(Capacity, RefusesWhatIsNoAmount) {
  for (const char* text :
       {"", "64", "MiB", "-1MiB", "101%", "64mib", "nan", "inf", "99999999TiB", "5%%", "0x10B"}) {
    EXPECT_THAT(UserErrorOf([&] { ParseCapacity("capacity", text); }),
                AllOf(HasSubstr(Format("'{}' for 'capacity'", text)), HasSubstr("KiB")))
        << text;
  }
}

}  // namespace ple_options_test
}  // namespace plelab
