// Every mistake in a config is an error with its place, what was expected, what was found, and what is known.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <utility>

#include "model/base/format.h"
#include "tests/harness/config/config_test_support.h"

namespace plelab {
namespace config_errors_test {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ConfigErrors, UnknownKeyInPleHasTheFormThatTheDesignGives) {
  EXPECT_EQ(ErrorOf(kHeadWithoutVariants + "variants:\n"
                                           "  - name: cached\n"
                                           "    ple:\n"
                                           "      strategy: cached\n"
                                           "      capcity: 5%\n"),
            "x.yaml:8:7: unknown key 'capcity' in 'ple'; known: strategy, pages, capacity, policy, initial, "
            "hot_from, "
            "backend, advice, prefetch, mapped, alignment, queue_depth, polling, registered, mode, file, "
            "verify, candidates, "
            "table, transform, layers, rank, group, entries, seed, "
            "over; did "
            "you mean 'capacity'?");
}

TEST(ConfigErrors, UnknownKeysInEverySection) {
  EXPECT_EQ(ErrorOf(kHead + "page_cache:\n  inital: cold\n"),
            "x.yaml:6:3: unknown key 'inital' in 'page_cache'; known: initial, maintain, verify, limit, "
            "reference; did you "
            "mean 'initial'?");
  EXPECT_THAT(
      ErrorOf(kHead + "desing: {reps: 3}\n"),
      StartsWith(
          "x.yaml:5:1: unknown key 'desing' in a config of 'ple_strategies'; known: experiment, model, "
          "workload, variants, design,"));
  EXPECT_EQ(ErrorOf(kHead + "design:\n  stop: {max: 3}\n"),
            "x.yaml:6:10: unknown key 'max' in 'design.stop'; known: rel_half_width, max_reps");
  EXPECT_THAT(ErrorOf(kHead + "accuracy: {text: a}\n"),
              StartsWith("x.yaml:5:12: unknown key 'text' in 'accuracy'; known: "));
  EXPECT_THAT(ErrorOf(kHeadWithoutVariants + "variants: [{name: a, ple: {strategy: disk}, plee: 1}]\n"),
              StartsWith("x.yaml:4:45: unknown key 'plee' in 'variants'; known: name, ple, model, workload"));
}

TEST(ConfigErrors, ASweepInsideAVariantIsSentToTheTopLevel) {
  EXPECT_EQ(ErrorOf(kHeadWithoutVariants +
                    "variants: [{name: a, ple: {strategy: disk}, sweep: {model.threads: [1, 2]}}]\n"),
            "x.yaml:4:45: 'sweep' belongs at the top level of the config, beside 'variants': move it there");
}

TEST(ConfigErrors, ATrainingConfigIsSentToItsCommand) {
  EXPECT_EQ(ErrorOf("arm: {name: a}\n"),
            "x.yaml:1:1: this is the config of a training run; run it with: plelab train");
}

TEST(ConfigErrors, RepeatedKeys) {
  EXPECT_EQ(ErrorOf(kHead + "model: {checkpoint: b}\n"),
            "x.yaml:5:1: repeated key 'model', first at x.yaml:2:1");
  EXPECT_EQ(ErrorOf(kHead + "design: {reps: 1, reps: 2}\n"),
            "x.yaml:5:19: repeated key 'reps', first at x.yaml:5:10");
  EXPECT_THAT(
      ErrorOf(kHeadWithoutVariants +
              "variants: [{name: a, ple: {strategy: cached, over: {backend: mmap}, over.backend: pread}}]\n"),
      HasSubstr("repeated key 'over.backend' in 'ple', first at x.yaml:4:53"));
}

TEST(ConfigErrors, MissingRequiredKeys) {
  EXPECT_EQ(ErrorOf("model: {checkpoint: a}\n"),
            "x.yaml:1:1: missing key 'experiment'; known: ple_strategies, modalities, parameter_groups, "
            "ple_ablation, ple_rank, depth, ple_contribution, cache_locality, offload_vs_mlp");
  EXPECT_EQ(ErrorOf("experiment: ple_strategies\n"),
            "x.yaml:1:1: missing key 'model', which 'ple_strategies' needs");
  EXPECT_EQ(ErrorOf("experiment: ple_strategies\nmodel: {threads: 2}\nworkload: {trace: a}\nvariants: []\n"),
            "x.yaml:2:8: missing key 'checkpoint' in 'model'");
  EXPECT_EQ(ErrorOf(kHeadWithoutVariants + "variants:\n  - name: a\n"),
            "x.yaml:5:5: missing key 'ple' in 'variants'");
  EXPECT_EQ(ErrorOf(kHeadWithoutVariants + "variants:\n  - ple: {strategy: disk}\n"),
            "x.yaml:5:5: missing key 'name' in 'variants'");
  EXPECT_EQ(ErrorOf(kHeadWithoutVariants + "variants: [{name: a, ple: {backend: mmap}}]\n"),
            "x.yaml:4:27: missing key 'strategy' in 'ple'");
}

TEST(ConfigErrors, WrongTypes) {
  EXPECT_EQ(ErrorOf(kHead + "design: {reps: three}\n"),
            "x.yaml:5:16: 'reps' in 'design': expected a whole number from 1 to 100000, found 'three'");
  EXPECT_THAT(ErrorOf(kHead + "design: {reps: 1.5}\n"), HasSubstr("found '1.5'"));
  EXPECT_THAT(ErrorOf(kHead + "design: {reps: '3'}\n"), HasSubstr("found text \"3\""));
  EXPECT_THAT(ErrorOf(kHead + "design: {reps: [3]}\n"), HasSubstr("found a list"));
  EXPECT_THAT(ErrorOf(kHead + "design: {reps: }\n"), HasSubstr("found nothing"));
  EXPECT_EQ(ErrorOf(kHead + "page_cache: {verify: yes}\n"),
            "x.yaml:5:22: 'verify' in 'page_cache': expected true or false, found 'yes'");
  EXPECT_EQ(ErrorOf(kHead + "design: 3\n"), "x.yaml:5:9: 'design': expected a map, found '3'");
  EXPECT_EQ(ErrorOf(kHead + "design:\n  stop: 3\n"), "x.yaml:6:9: 'design.stop': expected a map, found '3'");
  EXPECT_EQ(ErrorOf(kHead + "accuracy: {text_file: [a, b]}\n"),
            "x.yaml:5:23: 'text_file' in 'accuracy': expected text, found a list");
  EXPECT_EQ(ErrorOf(kHeadWithoutVariants + "variants: [{name: a, ple: disk}]\n"),
            "x.yaml:4:27: 'ple': expected a map such as {strategy: disk}, found 'disk'");
  EXPECT_EQ(ErrorOf(kHeadWithoutVariants + "variants: [disk]\n"),
            "x.yaml:4:12: 'variants': expected a map, found 'disk'");
  EXPECT_EQ(ErrorOf("- experiment\n"),
            "x.yaml:1:1: expected a map that starts with 'experiment:', found a list");
  EXPECT_EQ(ErrorOf(""), "x.yaml: expected a map that starts with 'experiment:', found nothing");
}

TEST(ConfigErrors, UnknownWordsNameTheKnownOnes) {
  EXPECT_EQ(
      ErrorOf("experiment: ple_strategy\n"),
      "x.yaml:1:13: unknown experiment 'ple_strategy'; known: ple_strategies, modalities, parameter_groups, "
      "ple_ablation, ple_rank, depth, ple_contribution, cache_locality, offload_vs_mlp");
  EXPECT_EQ(ErrorOf(kHead + "design: {order: aabb}\n"),
            "x.yaml:5:17: 'order' in 'design': expected one of williams, shuffled, found 'aabb'");
  EXPECT_EQ(ErrorOf(kHead + "design: {order: abba}\n"),
            "x.yaml:5:17: 'order' in 'design': 'abba' is gone: it let a variant follow the same neighbour "
            "nearly always; leave the key out, or write williams");
  EXPECT_EQ(ErrorOf(kHead, {"model.dtype=int8"}),
            "--set model.dtype=int8: 'dtype' in 'model': expected one of float32, bfloat16, found 'int8'");
  EXPECT_THAT(ErrorOf(kHead, {"model.device=tpu"}),
              HasSubstr("'device' in 'model': expected one of cpu, cuda, found 'tpu'"));
  EXPECT_THAT(ErrorOf(kHeadWithoutVariants + "variants: [{name: a, ple: {strategy: dsk}}]\n"),
              ::testing::AllOf(StartsWith("x.yaml:4:38: "), HasSubstr("'dsk'"),
                               HasSubstr("resident, cached, disk, dropped")));
}

TEST(ConfigErrors, OptionsThatTheStrategyDoesNotHave) {
  EXPECT_THAT(ErrorOf(kHeadWithoutVariants + "variants: [{name: a, ple: {strategy: disk, capacity: 5%}}]\n"),
              ::testing::AllOf(StartsWith("x.yaml:4:44: "), HasSubstr("'capacity'"), HasSubstr("'disk'")));
  EXPECT_THAT(
      ErrorOf(kHeadWithoutVariants + "variants: [{name: a, ple: {strategy: disk, over: {backend: mmap}}}]\n"),
      ::testing::AllOf(StartsWith("x.yaml:4:51: "), HasSubstr("'over.backend'")));
}

TEST(ConfigErrors, TransformsSayWhatTheyNeedAndWhatGoesWithThem) {
  const auto with = [](const std::string& ple) {
    return ErrorOf(kHeadWithoutVariants + "variants: [{name: a, ple: {strategy: disk, " + ple + "}}]\n");
  };
  EXPECT_EQ(with("transform: int8, rank: 3"),
            "x.yaml:4:61: key 'rank' goes with 'transform: low_rank' only, found 'transform: int8'");
  EXPECT_EQ(with("transform: zero_layers"),
            "x.yaml:4:28: 'transform: zero_layers' needs 'layers': layers, counted from 0: 5, 0-3 or 0-3+7");
  EXPECT_THAT(
      with("transform: mean_layers, layers: 3-1"),
      ::testing::AllOf(StartsWith("x.yaml:4:76: '3-1' for 'layers': "), HasSubstr("write layers as")));
  EXPECT_THAT(with("transform: zero_layers, layers: [1, 2]"), HasSubstr("expected a single value"));
}

TEST(ConfigErrors, PreviousFollowsOneSequence) {
  const std::string variants = "variants: [{name: a, ple: {strategy: disk, transform: previous}}]\n";
  EXPECT_EQ(
      ErrorOf(kHeadWithoutVariants + variants, {"workload.batch=2"}),
      "x.yaml:4:19: 'transform: previous' follows one sequence; it needs 'batch: 1' in 'workload', found 2");
  EXPECT_EQ(ErrorOf(kHeadWithoutVariants + variants), "no error");
}

TEST(ConfigErrors, AnExperimentThatMeasuresNoTimeHasNoWorkload) {
  const std::string head = "experiment: ple_rank\nmodel: {checkpoint: a}\n";
  EXPECT_EQ(ErrorOf(head + "variants: [{name: a, ple: {strategy: disk}}]\n"),
            "x.yaml:1:1: missing key 'accuracy', which 'ple_rank' needs");
  EXPECT_EQ(ErrorOf(head + "accuracy: {trace: t}\ndesign: {reps: 1}\nvariants: []\n"),
            "x.yaml:4:1: unknown key 'design' in a config of 'ple_rank'; known: experiment, model, accuracy, "
            "variants, sweep, zip, exclude");
  EXPECT_EQ(
      ErrorOf(head +
              "accuracy: {trace: t}\nvariants: [{name: a, ple: {strategy: disk}, workload: {batch: 1}}]\n"),
      "x.yaml:4:45: unknown key 'workload' in 'variants'; known: name, ple, model");
  EXPECT_THAT(ErrorOf(head + "accuracy: {trace: t}\nvariants: [{name: a, ple: {strategy: disk}}]\n"
                             "sweep: {workload.batch: [1, 2]}\n"),
              HasSubstr("unknown key 'workload' in 'variants'"));
}

TEST(ConfigErrors, WrongUnits) {
  const auto with_capacity = [](const std::string& capacity) {
    return ErrorOf(kHeadWithoutVariants +
                   "variants: [{name: a, ple: {strategy: cached, capacity: " + capacity + "}}]\n");
  };
  for (const char* capacity : {"64", "64us", "64mib", "5pct", "-1MiB", "120%"}) {
    EXPECT_THAT(with_capacity(capacity),
                ::testing::AllOf(StartsWith("x.yaml:4:56: "), HasSubstr(std::string("'") + capacity + "'")));
  }
  EXPECT_EQ(
      ErrorOf(kHead + "design: {margin: 1 ms}\n"),
      "x.yaml:5:18: 'margin' in 'design': expected a share, such as 5% or 0.05, from 0 to 1, found '1 ms'");
  EXPECT_EQ(
      ErrorOf(kHead + "design: {margin: x%}\n"),
      "x.yaml:5:18: 'margin' in 'design': expected a share, such as 5% or 0.05, from 0 to 1, found 'x%'");
}

TEST(ConfigErrors, ValuesOutOfRange) {
  EXPECT_EQ(ErrorOf(kHead + "design: {reps: 0}\n"),
            "x.yaml:5:16: 'reps' in 'design': expected a whole number from 1 to 100000, found '0'");
  EXPECT_EQ(ErrorOf(kHead, {"workload.warm_tokens=-1"}),
            "--set workload.warm_tokens=-1: 'warm_tokens' in 'workload': expected a whole number of at least "
            "0, found '-1'");
  EXPECT_THAT(ErrorOf(kHead + "design: {margin: 101%}\n"), HasSubstr("from 0 to 1, found '101%'"));
  EXPECT_THAT(ErrorOf(kHead, {"workload.temperature=0"}),
              HasSubstr("expected a number from 0.001 to 100, found '0'"));
  EXPECT_THAT(ErrorOf(kHead, {"workload.temperature=nan"}), HasSubstr("found 'nan'"));
  EXPECT_THAT(ErrorOf(kHead, {"workload.prompt_tokens=99999999999999999999"}),
              HasSubstr("from 1 to 1048576, found"));
  EXPECT_EQ(ErrorOf(kHead, {"model.checkpoint="}),
            "--set model.checkpoint=: 'checkpoint' in 'model': expected text that is not empty, found ''");
}

TEST(ConfigErrors, ZeroVariants) {
  EXPECT_EQ(ErrorOf(kHeadWithoutVariants + "variants: []\n"),
            "x.yaml:4:11: 'variants': expected a list of at least one variant, found an empty list");
  EXPECT_THAT(ErrorOf(kHeadWithoutVariants + "variants:\n"),
              HasSubstr("at least one variant, found nothing"));
  EXPECT_THAT(ErrorOf(kHeadWithoutVariants), HasSubstr("missing key 'variants'"));
}

TEST(ConfigErrors, VariantNames) {
  EXPECT_EQ(
      ErrorOf(kHeadWithoutVariants +
              "variants:\n  - {name: a, ple: {strategy: disk}}\n  - {name: a, ple: {strategy: resident}}\n"),
      "x.yaml:6:12: duplicate variant name 'a'");
  for (const char* name : {"a/b", "''", "a b", ".a", "[a]", "-x"}) {
    EXPECT_THAT(ErrorOf(kHeadWithoutVariants + "variants: [{name: " + name + ", ple: {strategy: disk}}]\n"),
                StartsWith("x.yaml:4:19: 'name' in 'variants': expected at most 120 letters"))
        << name;
  }
}

TEST(ConfigErrors, AVariantMayChangeOnlySomeKeysOfTheModel) {
  EXPECT_EQ(
      ErrorOf(kHeadWithoutVariants +
              "variants: [{name: a, ple: {strategy: disk}, model: {checkpoint: other}}]\n"),
      "x.yaml:4:53: unknown key 'checkpoint' in 'variants[a].model'; known: threads, dtype, kv_dtype, pin");
}

TEST(ConfigErrors, KeysAndValuesInInt8AreForTheCpu) {
  EXPECT_THAT(ErrorOf(kHead, {"model.device=cuda", "model.kv_dtype=int8"}),
              EndsWith(": 'kv_dtype: int8' needs 'device: cpu' in 'model', found cuda"));
  EXPECT_EQ(ErrorOf(kHead, {"model.kv_dtype=int8"}), "no error");
}

TEST(ConfigErrors, ExactlyOneOfTextAndTrace) {
  EXPECT_EQ(ErrorOf(kHead, {"workload.trace=t.json"}),
            "x.yaml:3:11: 'workload' needs exactly one of text_file and trace, found both");
  EXPECT_EQ(ErrorOf(kHead, {"workload.text_file=null"}),
            "x.yaml:3:11: 'workload' needs exactly one of text_file and trace, found none");
  EXPECT_EQ(ErrorOf(kHead + "accuracy: {context: 64}\n"),
            "x.yaml:5:11: 'accuracy' needs exactly one of text_file and trace, found none");
  EXPECT_EQ(ErrorOf(kHeadWithoutVariants +
                    "variants: [{name: a, ple: {strategy: disk}, workload: {trace: t.json}}]\n"),
            "x.yaml:4:19: 'variants[a].workload' needs exactly one of text_file and trace, found both");
}

TEST(ConfigErrors, SectionsThatContradictThemselves) {
  EXPECT_EQ(ErrorOf(kHead + "design: {reps: 5, stop: {rel_half_width: 1%, max_reps: 4}}\n"),
            "x.yaml:5:9: 'stop.max_reps' (4) in 'design' is below 'reps' (5)");
  EXPECT_EQ(ErrorOf(kHead + "page_cache: {initial: warm, maintain: evict_each_step}\n"),
            "x.yaml:5:13: 'maintain: evict_each_step' in 'page_cache' needs 'initial: cold', found 'warm'");
  EXPECT_EQ(ErrorOf(kHead + "design: {isolate: process}\npage_cache: {limit: 15MiB}\n"),
            "x.yaml:6:13: 'limit' in 'page_cache' is set around turns: it needs 'isolate: step' in 'design'");
  EXPECT_EQ(
      ErrorOf(kHeadWithoutVariants +
              "variants: [{name: a, ple: {strategy: disk}, page_cache: {maintain: evict_each_step}}]\n"),
      "x.yaml:4:19: 'maintain: evict_each_step' in 'page_cache' needs 'initial: cold', found 'as_is'");
}

TEST(ConfigErrors, SectionsThatTheExperimentDoesNotUse) {
  EXPECT_EQ(ErrorOf("experiment: parameter_groups\nshapes: [e2b]\nworkload: {trace: a}\n"),
            "x.yaml:3:1: unknown key 'workload' in a config of 'parameter_groups'; known: experiment, model, "
            "shapes");
  EXPECT_EQ(ErrorOf("experiment: parameter_groups\n"),
            "x.yaml:1:1: 'parameter_groups' needs 'shapes', 'model' or both");
  EXPECT_EQ(ErrorOf("experiment: parameter_groups\nshapes: []\n"),
            "x.yaml:2:9: 'shapes': expected a list such as [e2b, e4b], found an empty list");
  EXPECT_EQ(ErrorOf("experiment: parameter_groups\nshapes: [e2b, e2b]\n"),
            "x.yaml:2:15: 'shapes' has 'e2b' twice");
}

TEST(ConfigErrors, LocalityNeedsOneStreamOfTokens) {
  const std::string head = "experiment: cache_locality\n";
  EXPECT_EQ(ErrorOf(head), "x.yaml:1:1: missing key 'locality', which 'cache_locality' needs");
  EXPECT_EQ(ErrorOf(head + "locality: {shape: e2b}\n"),
            "x.yaml:2:11: 'locality' needs exactly one of text_file, trace and traces, found none");
  EXPECT_EQ(ErrorOf(head + "locality: {trace: a, text_file: b}\n"),
            "x.yaml:2:11: 'locality' needs exactly one of text_file, trace and traces, found more");
  EXPECT_EQ(ErrorOf(head + "locality: {trace: a, traces: [b, c]}\n"),
            "x.yaml:2:11: 'locality' needs exactly one of text_file, trace and traces, found more");
  EXPECT_EQ(ErrorOf(head + "locality: {traces: [b]}\n"),
            "x.yaml:2:11: 'traces' in 'locality' compares domains; expected two files or more, found one");
  EXPECT_EQ(ErrorOf(head + "locality: {traces: [x/b.json, c.json, y/b.txt]}\n"),
            "x.yaml:2:11: 'traces' in 'locality' has two files that are called 'b'");
  EXPECT_EQ(
      ErrorOf(head + "locality: {trace: a, polcy: lru}\n"),
      "x.yaml:2:22: unknown key 'polcy' in 'locality'; known: shape, text_file, encoding, trace, traces, "
      "special_tokens, learn_tokens, least_rows, shuffles, bootstrap, seed");
  EXPECT_EQ(ErrorOf(head + "locality: {trace: a, shuffles: 1}\n"),
            "x.yaml:2:32: 'shuffles' in 'locality': expected a whole number from 2 to 10000, found '1'");
  EXPECT_THAT(ErrorOf(head + "locality: {trace: a}\nshapes: [e2b]\n"),
              StartsWith("x.yaml:3:1: unknown key 'shapes' in a config of 'cache_locality'"));
}

TEST(ConfigErrors, OffloadWritesAmountsWithTheirUnit) {
  const std::string head = "experiment: offload_vs_mlp\nshapes: [e2b]\n";
  EXPECT_EQ(ErrorOf("experiment: offload_vs_mlp\n"),
            "x.yaml:1:1: missing key 'shapes', which 'offload_vs_mlp' needs");
  EXPECT_EQ(ErrorOf(head + "offload: {scratch: 512}\n"),
            "x.yaml:3:20: 'scratch' in 'offload': expected an amount such as 64MiB, found '512'");
  EXPECT_EQ(ErrorOf(head + "offload: {scratch: [1MiB]}\n"),
            "x.yaml:3:20: 'scratch' in 'offload': expected an amount such as 64MiB, found a list");
  EXPECT_EQ(ErrorOf(head + "offload: {scratch: 4KiB}\n"),
            "x.yaml:3:20: 'scratch' in 'offload': expected an amount of at least 1.0 MiB, found '4KiB'");
  EXPECT_THAT(ErrorOf(head + "offload: {readers: 0}\n"),
              HasSubstr("'readers' in 'offload': expected a whole number from 1 to 256"));
}

TEST(ConfigErrors, BrokenYaml) {
  EXPECT_THAT(ErrorOf("experiment: [a\n"), ::testing::AllOf(StartsWith("x.yaml:"), HasSubstr("not YAML: ")));
  for (const std::string open : {"[", "{a: ", "- "}) {
    std::string deep;
    for (int i = 0; i < 80'000; ++i) deep += open;
    EXPECT_THAT(ErrorOf((open == "- " ? "" : "experiment: ") + deep),
                ::testing::AllOf(StartsWith("x.yaml:1:"), HasSubstr("nested deeper than 32 levels")))
        << open;
  }
  EXPECT_THAT(ErrorOf("a: b: c\n"), StartsWith("x.yaml:1:5: not YAML: "));
  EXPECT_EQ(ErrorOf(kHead + "---\nexperiment: b\n"), "x.yaml:6:1: expected one YAML document, found 2");
  EXPECT_EQ(ErrorOf("[a, b]: c\n"), "x.yaml:1:1: expected a key that is plain text");
}

TEST(ConfigErrors, AliasesThatNeverEndAreStopped) {
  EXPECT_THAT(ErrorOf("a: &x [*x]\n"), HasSubstr("does an alias hold itself?"));
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) bomb += Format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  EXPECT_THAT(ErrorOf(bomb), HasSubstr("more than 50000 values"));
}

TEST(ConfigErrors, AFileThatIsNotThere) {
  for (const auto& [path, problem] : {std::pair("no/such.yaml", ": cannot be read"),
                                      std::pair("/", ": expected a regular file, found a folder")}) {
    try {
      ReadExperimentConfig(path);
      FAIL() << path;
    } catch (const UserError& error) {
      EXPECT_THAT(error.what(), StartsWith(std::string(path) + problem));
    }
  }
}

}  // namespace config_errors_test
}  // namespace plelab
