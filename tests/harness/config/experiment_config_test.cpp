#include "harness/config/experiment_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <numeric>
#include <set>
#include <thread>

#include "harness/schema/config_schema.h"
#include "model/ple/sources/cached_ple.h"
#include "model/ple/sources/disk_ple.h"
#include "model/ple/strategies/strategy_table.h"
#include "model/ple/strategies/transform_table.h"
#include "model/ple/transforms/fixed_rows.h"
#include "tests/harness/config/config_test_support.h"

namespace plelab {
namespace experiment_config_test {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kConfigs = PLELAB_SOURCE_DIR "/configs/";

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void ExpectSame(const ExperimentConfig& a, const ExperimentConfig& b) {
  EXPECT_EQ(a.experiment, b.experiment);
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.model, b.model);
  EXPECT_EQ(a.workload, b.workload);
  EXPECT_EQ(a.design, b.design);
  EXPECT_EQ(a.page_cache, b.page_cache);
  EXPECT_EQ(a.accuracy, b.accuracy);
  EXPECT_EQ(a.locality, b.locality);
  EXPECT_EQ(a.offload, b.offload);
  EXPECT_EQ(a.shapes, b.shapes);
  ASSERT_EQ(NamesOf(a), NamesOf(b));
  for (size_t i = 0; i < a.variants.size(); ++i) {
    EXPECT_EQ(a.variants[i].model, b.variants[i].model) << a.variants[i].name;
    EXPECT_EQ(a.variants[i].workload, b.variants[i].workload) << a.variants[i].name;
    EXPECT_EQ(a.variants[i].page_cache, b.variants[i].page_cache) << a.variants[i].name;
    EXPECT_EQ(a.variants[i].group, b.variants[i].group) << a.variants[i].name;
    EXPECT_EQ(a.variants[i].own_table, b.variants[i].own_table) << a.variants[i].name;
    EXPECT_EQ(DescribePleOptions(a.variants[i].ple), DescribePleOptions(b.variants[i].ple))
        << a.variants[i].name;
  }
  EXPECT_EQ(a.resolved_yaml, b.resolved_yaml);
}

TEST(ExperimentConfig, EveryKeyIsRead) {
  const ExperimentConfig config = Parse(R"(
experiment: ple_strategies
model: {checkpoint: ckpt, dtype: float32, threads: 3, device: cuda, synth: e2b, synth_seed: 7}
workload: {trace: t.json, encoding: latin-1, warm_tokens: 5, prompt_tokens: 6, decode: sample, decode_tokens: 7, batch: 2, temperature: 0.5,
           seed: 9, images: [a.png, b.jpg], audio: [c.wav]}
design: {isolate: process, order: shuffled, warmup_steps: 0, reps: 4, memory_reps: 0, seed: 3, margin: 2%,
         stop: {rel_half_width: 0.5%, max_reps: 10}}
page_cache: {initial: cold, maintain: evict_each_step, verify: false}
accuracy: {text_file: b.txt, encoding: utf-16, context: 64, max_tokens: 100, bootstrap: 10}
variants:
  - name: cached
    ple: {strategy: cached, capacity: 5%, initial: warmed, over: {strategy: disk, backend: direct, prefetch: false}}
)");
  EXPECT_EQ(config.model, (ModelSection{.checkpoint = "ckpt",
                                        .dtype = DType::kFloat32,
                                        .threads = 3,
                                        .device = "cuda",
                                        .synth = "e2b",
                                        .synth_seed = 7}));
  EXPECT_EQ(config.workload, (WorkloadSection{.text_file = "",
                                              .encoding = "latin-1",
                                              .trace = "t.json",
                                              .warm_tokens = 5,
                                              .prompt_tokens = 6,
                                              .decode = Decode::kSample,
                                              .decode_tokens = 7,
                                              .batch = 2,
                                              .temperature = 0.5,
                                              .seed = 9,
                                              .images = {"a.png", "b.jpg"},
                                              .audio = {"c.wav"}}));
  EXPECT_EQ(config.design, (DesignSection{.isolate = Isolate::kProcess,
                                          .order = Order::kShuffled,
                                          .warmup_steps = 0,
                                          .reps = 4,
                                          .memory_reps = 0,
                                          .seed = 3,
                                          .margin = 0.02,
                                          .stop = {.rel_half_width = 0.005, .max_reps = 10}}));
  EXPECT_EQ(config.page_cache,
            (PageCacheSection{
                PageCacheInitial::kCold, PageCacheMaintain::kEvictEachStep, /*verify=*/false, {}, ""}));
  EXPECT_EQ(config.accuracy, (AccuracySection{.enabled = true,
                                              .text_file = "b.txt",
                                              .encoding = "utf-16",
                                              .trace = "",
                                              .context = 64,
                                              .max_tokens = 100,
                                              .bootstrap = 10}));
  ASSERT_EQ(config.variants.size(), 1u);
  const PleOptions& ple = config.variants[0].ple;
  EXPECT_EQ(ple.strategy, PleStrategy::kCached);
  EXPECT_DOUBLE_EQ(ple.Get<CachedOptions>().capacity.share_of_table, 0.05);
  EXPECT_EQ(ple.Get<CachedOptions>().initial, CacheStart::kWarmed);
  ASSERT_NE(ple.over, nullptr);
  EXPECT_EQ(ple.over->Get<DiskOptions>().backend, IoBackend::kDirect);
  EXPECT_FALSE(ple.over->Get<DiskOptions>().prefetch);
}

TEST(ExperimentConfig, EveryOtherKeyHasTheDefaultOfItsField) {
  const ExperimentConfig config = Parse(kHead);
  EXPECT_EQ(config.model, (ModelSection{.checkpoint = "ckpt", .threads = 2, .synth = ""}));
  EXPECT_EQ(config.workload, (WorkloadSection{.text_file = "a.txt", .trace = ""}));
  EXPECT_EQ(config.design, DesignSection());
  EXPECT_EQ(config.page_cache, PageCacheSection());
  EXPECT_EQ(config.accuracy, AccuracySection());
  EXPECT_FALSE(config.accuracy.enabled);
  EXPECT_EQ(config.name, "x");
}

TEST(ExperimentConfig, NoThreadsMeansAllCoresAndIsRecordedSo) {
  const ExperimentConfig config = Parse(kHead, {"model.threads=0"});
  EXPECT_EQ(config.model.threads, std::thread::hardware_concurrency());
  EXPECT_EQ(config.variants[0].model.threads, config.model.threads);
  EXPECT_THAT(config.resolved_yaml, HasSubstr("threads: " + std::to_string(config.model.threads)));
}

TEST(ExperimentConfig, ResolvedYamlHoldsEveryKeyAndGivesTheSameConfig) {
  const ExperimentConfig config = Parse(kHead + "accuracy: {trace: b.json}\n" +
                                        "sweep: {model.threads: [1, 2], workload.batch: [1, 4]}\n");
  for (const char* key : {"dtype: bfloat16", "device: cpu", "synth_seed: 0", "prompt_tokens: 128",
                          "decode: replay", "isolate: step", "margin: 0.01", "max_reps: 60", "maintain: none",
                          "context: 512", "pages: huge", "name: resident@threads=1,batch=4"}) {
    EXPECT_THAT(config.resolved_yaml, HasSubstr(key));
  }
  ExpectSame(config, Parse(config.resolved_yaml));
}

TEST(ExperimentConfig, TextThatLooksLikeSomethingElseSurvivesTheRoundTrip) {
  for (const char* text : {"null", "true", "12", "a: b", "'", "#x", "5%", "- x", "a\\b", "ünïcode"}) {
    const ExperimentConfig config = Parse(
        kHead, {"workload.text_file=" + std::string("'") + (std::string(text) == "'" ? "''" : text) + "'"});
    EXPECT_EQ(config.workload.text_file, text);
    ExpectSame(config, Parse(config.resolved_yaml));
  }
}

TEST(ExperimentConfig, DoublesSurviveTheRoundTripExactly) {
  const ExperimentConfig config =
      Parse(kHead, {"design.margin=0.1234567890123456", "workload.temperature=0.1"});
  EXPECT_EQ(Parse(config.resolved_yaml).design.margin, 0.1234567890123456);
  ExpectSame(config, Parse(config.resolved_yaml));
}

TEST(ExperimentConfig, AVariantMayHaveItsOwnThreadsPrecisionAndWorkload) {
  const ExperimentConfig config = Parse(
      kHeadWithoutVariants +
      "variants:\n"
      "  - {name: a, ple: {strategy: disk}, model: {threads: 1, dtype: float32}, workload: {batch: 4}}\n"
      "  - {name: b, ple: {strategy: disk}}\n");
  EXPECT_EQ(config.variants[0].model.threads, 1);
  EXPECT_EQ(config.variants[0].model.dtype, DType::kFloat32);
  EXPECT_EQ(config.variants[0].model.checkpoint, "ckpt");
  EXPECT_EQ(config.variants[0].workload.batch, 4);
  EXPECT_EQ(config.variants[0].workload.text_file, "a.txt");
  EXPECT_EQ(config.variants[1].model, config.model);
  EXPECT_EQ(config.variants[1].workload, config.workload);
  ExpectSame(config, Parse(config.resolved_yaml));
}

TEST(ExperimentConfig, AVariantMayHaveItsOwnCacheGroupTableAndMedia) {
  const ExperimentConfig config =
      Parse(kHeadWithoutVariants +
            "design: {own_table: false}\npage_cache: {initial: warm}\nvariants:\n"
            "  - {name: a, ple: {strategy: disk}, group: g, own_table: true, page_cache: {initial: cold},\n"
            "     model: {pin: true}, workload: {images: [i.png], audio: [a.wav, b.wav]}}\n"
            "  - {name: b, ple: {strategy: disk}, workload: {special_tokens: false}}\n");
  const VariantConfig &a = config.variants.at(0), &b = config.variants.at(1);
  EXPECT_EQ(a.group, "g");
  EXPECT_EQ(a.own_table, OwnTable::kYes);
  EXPECT_EQ(a.page_cache.initial, PageCacheInitial::kCold);
  EXPECT_TRUE(a.model.pin);
  EXPECT_EQ(a.model.threads, 2);
  EXPECT_THAT(a.workload.audio, ElementsAre("a.wav", "b.wav"));
  EXPECT_EQ(b.group, "");
  EXPECT_EQ(b.own_table, OwnTable::kNo) << "the design's";
  EXPECT_EQ(b.page_cache.initial, PageCacheInitial::kWarm);
  EXPECT_TRUE(b.workload.images.empty());
  EXPECT_FALSE(b.workload.special_tokens);
  ExpectSame(config, Parse(config.resolved_yaml));
  EXPECT_THAT(config.resolved_yaml, HasSubstr("audio: [a.wav, b.wav]"));
}

TEST(ExperimentConfig, AVariantMayReadAnotherKindOfText) {
  const ExperimentConfig config =
      Parse(kHeadWithoutVariants +
            "variants: [{name: a, ple: {strategy: disk}, workload: {text_file: '', trace: t.json}}]\n");
  EXPECT_EQ(config.variants[0].workload.text_file, "");
  EXPECT_EQ(config.variants[0].workload.trace, "t.json");
  ExpectSame(config, Parse(config.resolved_yaml));
}

TEST(ExperimentConfig, OptionsOfTheSourceBelowACacheAreAMapOrDottedKeys) {
  const auto options = [](const std::string& over) {
    return DescribePleOptions(
        Parse(kHeadWithoutVariants + "variants: [{name: c, ple: {strategy: cached, " + over + "}}]\n")
            .variants[0]
            .ple);
  };
  EXPECT_EQ(options("over: {backend: direct}"), options("over.backend: direct"));
  EXPECT_EQ(options("over: {strategy: disk}"), options("over: disk"));
}

TEST(ExperimentConfig, ParameterGroupsNeedsShapesOrACheckpointOnly) {
  const ExperimentConfig shapes = Parse("experiment: parameter_groups\nshapes: [e2b, ckpt/e4b]\n");
  EXPECT_THAT(shapes.shapes, ElementsAre("e2b", "ckpt/e4b"));
  EXPECT_EQ(shapes.resolved_yaml, "experiment: parameter_groups\nshapes: [e2b, ckpt/e4b]\n");
  const ExperimentConfig checkpoint =
      Parse("experiment: parameter_groups\nmodel: {checkpoint: c, threads: 1}\n");
  EXPECT_EQ(checkpoint.model.checkpoint, "c");
  ExpectSame(checkpoint, Parse(checkpoint.resolved_yaml));
}

TEST(ExperimentConfig, AnAmountKeepsItsUnit) {
  const std::string head = "experiment: offload_vs_mlp\nshapes: [e2b]\n";
  EXPECT_EQ(Parse(head).offload.scratch.bytes, int64_t{512} << 20);
  const ExperimentConfig whole = Parse(head + "offload: {scratch: 1GiB}\n");
  EXPECT_EQ(whole.offload.scratch.bytes, int64_t{1} << 30);
  EXPECT_THAT(whole.resolved_yaml, HasSubstr("scratch: 1024MiB"));
  ExpectSame(whole, Parse(whole.resolved_yaml));
  const ExperimentConfig odd = Parse(head + "offload: {scratch: 5MB}\n");
  EXPECT_THAT(odd.resolved_yaml, HasSubstr("scratch: 5000000B"));
  ExpectSame(odd, Parse(odd.resolved_yaml));
}

TEST(ExperimentConfig, AnExperimentMayScoreAccuracyAlone) {
  const ExperimentConfig config = Parse(
      "experiment: ple_ablation\nmodel: {checkpoint: c, threads: 1}\naccuracy: {trace: t.json}\n"
      "variants: [{name: a, ple: {strategy: resident}}, "
      "{name: b, ple: {strategy: resident, transform: zero_layers}}]\nsweep: {ple.layers: [0, 0-3+7]}\n");
  EXPECT_FALSE(RunsWorkload(config));
  EXPECT_TRUE(RunsWorkload(Parse(kHead)));
  EXPECT_TRUE(config.accuracy.enabled);
  EXPECT_THAT(NamesOf(config), ElementsAre("a", "b@layers=0", "b@layers=0-3+7"));
  EXPECT_THAT(config.resolved_yaml, HasSubstr("layers: 0-3+7"));
  for (const char* section : {"workload", "design", "page_cache", "transform: none"}) {
    EXPECT_THAT(config.resolved_yaml, ::testing::Not(HasSubstr(section)));
  }
  ExpectSame(config, Parse(config.resolved_yaml));
}

TEST(ExperimentConfig, TheAblationTakesEachLayerAloneAndAllFromBothEnds) {
  const ExperimentConfig config = ReadExperimentConfig(kConfigs + "ple_ablation_small.yaml");
  for (const PleTransform transform : {PleTransform::kZeroLayers, PleTransform::kMeanLayers}) {
    std::set<std::vector<int64_t>> sets;
    for (const VariantConfig& variant : config.variants) {
      if (variant.ple.transform == transform) sets.insert(variant.ple.Get<FixedRowsOptions>().layers);
    }
    std::set<std::vector<int64_t>> expected;
    for (int64_t last = 0; last < 10; ++last) {
      std::vector<int64_t> up(last + 1), down(last + 1);
      std::iota(up.begin(), up.end(), 0);
      std::iota(down.begin(), down.end(), 9 - last);
      expected.insert({{last}, up, down});
    }
    EXPECT_EQ(sets, expected);
  }
  EXPECT_EQ(config.variants[0].ple.strategy, PleStrategy::kResident);
  EXPECT_TRUE(IsExact(config.variants[0].ple));
}

TEST(ExperimentConfig, EveryShippedConfigParsesAndRoundTrips) {
  int found = 0;
  for (const auto& file : std::filesystem::directory_iterator(kConfigs)) {
    if (file.path().extension() != ".yaml") continue;
    ++found;
    const std::string path = file.path().string();
    SCOPED_TRACE(path);
    const ExperimentConfig config = ReadExperimentConfig(path);
    EXPECT_EQ(config.name, file.path().stem().string());
    ExpectSame(config, ParseExperimentConfig(config.resolved_yaml, path));
    EXPECT_THAT(ReadFile(path), StartsWith("# yaml-language-server: $schema=./experiment.schema.json\n"));
  }
  EXPECT_GE(found, 4);
}

TEST(ExperimentConfig, TheMainConfigComparesAllWaysOnShippedText) {
  const ExperimentConfig config = ReadExperimentConfig(kConfigs + "ple_strategies_small.yaml");
  EXPECT_GE(config.variants.size(), 5u);
  EXPECT_EQ(config.variants[0].ple.strategy, PleStrategy::kResident);   // the baseline
  EXPECT_GE(config.design.reps * config.workload.decode_tokens, 1024);  // enough for a 99th percentile
  EXPECT_TRUE(std::filesystem::exists(PLELAB_SOURCE_DIR "/" + config.workload.text_file));
  EXPECT_TRUE(std::filesystem::exists(PLELAB_SOURCE_DIR "/" + config.accuracy.text_file));
  EXPECT_NE(config.workload.text_file, config.accuracy.text_file);
}

TEST(ExperimentConfig, TheCommittedSchemaIsTheGeneratedOne) {
  const std::string generated = PLELAB_BINARY_DIR "/experiment.schema.json";
  std::ofstream(generated) << ExperimentJsonSchema();
  EXPECT_TRUE(ReadFile(kConfigs + "experiment.schema.json") == ReadFile(generated))
      << "a key was added or changed; if that was meant: cp " << generated << " configs/";
}

TEST(ExperimentConfig, PlacesSayWhereAKeyStands) {
  const ExperimentConfig config = Parse(kHead, {"workload.prompt_tokens=3"});
  EXPECT_EQ(config.places.at("model.checkpoint"), "x.yaml:2:21");
  EXPECT_EQ(config.places.at("workload.prompt_tokens"), "--set workload.prompt_tokens=3");
  EXPECT_EQ(config.places.count("model.dtype"), 0u);
}

class ConfigFiles : public ::testing::Test {
 protected:
  ConfigFiles() {
    std::filesystem::create_directories(folder_ / "ckpt");
    std::ofstream(folder_ / "a.txt") << "text";
  }
  ~ConfigFiles() override { std::filesystem::remove_all(folder_); }
  std::string Check(const std::string& checkpoint, const std::string& text, const std::string& synth = "") {
    const ExperimentConfig config =
        Parse(kHead, {"model.checkpoint=" + (folder_ / checkpoint).string(),
                      "workload.text_file=" + (folder_ / text).string(), "model.synth=" + synth});
    try {
      CheckFilesExist(config);
    } catch (const UserError& error) {
      return error.what();
    }
    return "no error";
  }
  std::filesystem::path folder_ = std::filesystem::path(::testing::TempDir()) / "plelab_config_files";
};

TEST_F(ConfigFiles, AllThereIsFine) { EXPECT_EQ(Check("ckpt", "a.txt"), "no error"); }

TEST_F(ConfigFiles, AMissingCheckpointNeedsAShapeToSynthesise) {
  EXPECT_EQ(Check("missing", "a.txt", "small"), "no error");
  EXPECT_THAT(Check("missing", "a.txt"), StartsWith("--set model.checkpoint="));
  EXPECT_THAT(Check("missing", "a.txt"),
              HasSubstr("there is no folder '" + (folder_ / "missing").string() + "'"));
  EXPECT_THAT(Check("missing", "a.txt"), EndsWith("or add 'synth: SHAPE' to write random weights"));
}

TEST_F(ConfigFiles, AnEncodingThatIconvLacksIsNamedWithItsKey) {
  const ExperimentConfig config =
      Parse(kHead, {"model.checkpoint=" + (folder_ / "ckpt").string(),
                    "workload.text_file=" + (folder_ / "a.txt").string(), "workload.encoding=utf-9"});
  try {
    CheckFilesExist(config);
    FAIL();
  } catch (const UserError& error) {
    EXPECT_THAT(error.what(),
                StartsWith("--set workload.encoding=utf-9: 'encoding' in 'workload': 'utf-9' is none "
                           "that iconv knows; for example utf-8, latin-1"));
  }
}

TEST_F(ConfigFiles, AMissingTextIsNamedWithItsKey) {
  EXPECT_THAT(Check("ckpt", "b.txt"), HasSubstr("'text_file' in 'workload': there is no file '"));
}

}  // namespace experiment_config_test
}  // namespace plelab
