// The keys of a config, each written once: reading, printing, errors and the JSON Schema walk these lists.  A
// new key needs one field in experiment_config.h and one line here.
#pragma once

#include <array>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "harness/config/experiment_config.h"

namespace plelab {

// What a value must satisfy beyond its type.
struct Rule {
  bool required = false;
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  bool share = false;                        // a number that may be written as a percentage
  std::vector<std::string_view> words = {};  // the words that a text may be one of
};
inline Rule Required() { return {.required = true}; }
inline Rule Between(double min, double max) { return {.min = min, .max = max}; }
inline Rule AtLeast(double min) { return {.min = min}; }
inline Rule Share(double min, double max) { return {.min = min, .max = max, .share = true}; }
inline Rule OneOf(std::vector<std::string_view> words) { return {.words = std::move(words)}; }

// The words of an enum, as they appear in a config.
template <class E>
struct EnumWords;
template <>
struct EnumWords<Decode> {
  static constexpr std::array kWords{std::pair{Decode::kReplay, "replay"},
                                     std::pair{Decode::kGreedy, "greedy"},
                                     std::pair{Decode::kSample, "sample"}};
};
template <>
struct EnumWords<Isolate> {
  static constexpr std::array kWords{std::pair{Isolate::kStep, "step"},
                                     std::pair{Isolate::kProcess, "process"}};
};
template <>
struct EnumWords<Order> {
  static constexpr std::array kWords{std::pair{Order::kWilliams, "williams"},
                                     std::pair{Order::kShuffled, "shuffled"}};
  // Words of earlier versions, and what to do about them.
  static constexpr std::array kGone{std::pair{
      "abba",
      "it let a variant follow the same neighbour nearly always; leave the key out, or write williams"}};
};
template <>
struct EnumWords<PageCacheInitial> {
  static constexpr std::array kWords{std::pair{PageCacheInitial::kCold, "cold"},
                                     std::pair{PageCacheInitial::kWarm, "warm"},
                                     std::pair{PageCacheInitial::kAsIs, "as_is"}};
};
template <>
struct EnumWords<PageCacheMaintain> {
  static constexpr std::array kWords{std::pair{PageCacheMaintain::kNone, "none"},
                                     std::pair{PageCacheMaintain::kEvictEachStep, "evict_each_step"}};
};
template <>
struct EnumWords<OwnTable> {
  static constexpr std::array kWords{std::pair{OwnTable::kAuto, "auto"}, std::pair{OwnTable::kYes, "true"},
                                     std::pair{OwnTable::kNo, "false"}};
};
template <>
struct EnumWords<DType> {  // those that a model computes in
  static constexpr std::array kWords{std::pair{DType::kFloat32, "float32"},
                                     std::pair{DType::kBFloat16, "bfloat16"}};
};

template <class E>
concept ConfigEnum = requires {
  EnumWords<E>::kWords;
};

template <ConfigEnum E>
std::string_view Word(E value) {
  for (const auto& [known, word] : EnumWords<E>::kWords) {
    if (known == value) return word;
  }
  return "";
}

// Calls visit(key, field, help, rule) in the order in which a config is printed.
template <class V>
void VisitFields(ModelSection& s, V&& visit) {
  visit("checkpoint", s.checkpoint, "folder of a checkpoint as published", Required());
  visit("dtype", s.dtype, "precision in which the model computes", Rule());
  visit("kv_dtype", s.kv_dtype,
        "how keys and values are kept; same: in dtype; int8: a scale for each vector of a head (CPU only)",
        OneOf({"same", "int8"}));
  visit("threads", s.threads, "CPU threads of the model; 0: all cores", Between(0, 1024));
  visit("pin", s.pin,
        "whether each compute thread stays on one core, and threads that read rows on the cores that are "
        "left; with one thread less than cores, one core is left for reading",
        Rule());
  visit("device", s.device, "device on which the model computes", OneOf({"cpu", "cuda"}));
  visit("synth", s.synth,
        "a shape (e2b, e4b, small, or the JSON file of a config): if the checkpoint does not exist, random "
        "weights of this shape are first written there, labelled random",
        Rule());
  visit("synth_seed", s.synth_seed, "seed of the random weights that synth writes", AtLeast(0));
}

template <class V>
void VisitFields(WorkloadSection& s, V&& visit) {
  visit("text_file", s.text_file,
        "text to read, which the checkpoint's tokenizer turns into ids (or give trace)", Rule());
  visit("encoding", s.encoding, "of text_file, as iconv names it: utf-8, latin-1, windows-1252, utf-16, …",
        Rule());
  visit("trace", s.trace, "JSON file with token ids (or give text_file)", Rule());
  visit("special_tokens", s.special_tokens,
        "whether spellings of special tokens in the text (<bos>, <start_of_turn>, …) are their ids; if not, "
        "they are text",
        Rule());
  visit("warm_tokens", s.warm_tokens,
        "tokens of the text before the prompt, which a cache with initial: warmed has seen; the model does "
        "not run them",
        AtLeast(0));
  visit("prompt_tokens", s.prompt_tokens, "tokens of the prompt, prefilled in one pass", Between(1, 1 << 20));
  visit("prompt_layers", s.prompt_layers,
        "which layers read all of the prompt; needed: up to the last one that makes keys and values, and "
        "those after it only the last token; all: every layer, as engines do that skip nothing",
        OneOf({"needed", "all"}));
  visit("decode", s.decode,
        "which ids the decode steps receive: replay (those of the text, the same for all variants), greedy "
        "or sample (those that the model chooses)",
        Rule());
  visit("decode_tokens", s.decode_tokens, "measured decode steps of one repetition", Between(1, 1 << 24));
  visit("batch", s.batch, "sequences decoded together", Between(1, 4096));
  visit("temperature", s.temperature, "with decode: sample, the logits are divided by this",
        Between(1e-3, 100));
  visit("seed", s.seed, "seed of decode: sample", AtLeast(0));
  visit("images", s.images,
        "PNG or JPEG files that the prompt shows before its text, on top of prompt_tokens", Rule());
  visit("audio", s.audio, "WAV, FLAC or OGG files that the prompt plays before its text, after the images",
        Rule());
}

template <class V>
void VisitFields(StopRule& s, V&& visit) {
  visit("rel_half_width", s.rel_half_width,
        "repeat until the 95 % interval of every variant's difference to the baseline has a half width below "
        "this share of a step, such as 0.5%; 0: exactly reps repetitions",
        Share(0, 1));
  visit("max_reps", s.max_reps, "the most repetitions that the stop rule may ask for", Between(1, 100'000));
}

template <class V>
void VisitFields(DesignSection& s, V&& visit) {
  visit("isolate", s.isolate,
        "step: all variants in one process, alternating step by step at the same position; process: one "
        "process for each variant and repetition. Memory is always measured in separate processes",
        Rule());
  visit("order", s.order,
        "order in which variants take turns: williams: each follows each other one equally often; shuffled: "
        "drawn anew in each round",
        Rule());
  visit("control", s.control,
        "with isolate: step, the baseline runs twice, so that a difference of a twin from itself shows what "
        "the "
        "design cannot tell apart",
        Rule());
  visit("settle", s.settle,
        "before each turn the table's device must have no request in flight (5ms at most), and then this "
        "time passes, whoever ran before; 0: turns follow at once",
        Between(0, 5e6));
  visit("own_table", s.own_table,
        "whether each variant that reads the table from a file reads its own copy of it, so that no variant "
        "warms another's; auto: for tables below 1 GB",
        Rule());
  visit("warmup_steps", s.warmup_steps, "decode steps before the measured ones, which are not recorded",
        Between(0, 1 << 20));
  visit(
      "reps", s.reps,
      "repetitions for time (at least this many), each on another excerpt of the text; below 5 there are no "
      "intervals",
      Between(1, 100'000));
  visit("processes", s.processes, "with isolate: step, the repetitions are spread over this many processes",
        Between(1, 1000));
  visit("memory_reps", s.memory_reps, "processes for each variant that measure memory; 0: none",
        Between(0, 1000));
  visit("seed", s.seed, "seed of every shuffle and bootstrap", AtLeast(0));
  visit("margin", s.margin,
        "stated beforehand: a time ratio whose 95 % interval lies within 1 ± margin counts as no difference",
        Share(0, 1));
  visit("stop", s.stop, "when to stop repeating", Rule());
}

template <class V>
void VisitFields(PageCacheSection& s, V&& visit) {
  visit("initial", s.initial, "state of the PLE file in the page cache before each repetition", Rule());
  visit("maintain", s.maintain, "evict_each_step: drop the PLE file from the page cache before every step",
        Rule());
  visit("verify", s.verify,
        "check with mincore and with reads of bytes that were never read that reads are cold, and record it",
        Rule());
  visit("limit", s.limit,
        "memory that a group's process may use for what it reads while it is timed (a memory cgroup of its "
        "own), such as 15MiB; 0: no limit",
        AtLeast(0));
  visit("reference", s.reference,
        "a file of at least 4 GiB on the table's file system, written by scripts/cold_reference.sh, of which "
        "no byte is read twice: what a cold read costs; without it device_cold is unknown",
        Rule());
}

template <class V>
void VisitFields(AccuracySection& s, V&& visit) {
  visit("text_file", s.text_file, "held-out text (or give trace)", Rule());
  visit("encoding", s.encoding, "of text_file, as iconv names it: utf-8, latin-1, windows-1252, utf-16, …",
        Rule());
  visit("trace", s.trace, "JSON file with token ids (or give text_file)", Rule());
  visit("special_tokens", s.special_tokens,
        "whether spellings of special tokens in the text and the tasks (<bos>, <start_of_turn>, …) are "
        "their ids; if not, they are text",
        Rule());
  visit("context", s.context, "tokens of one window, each starting with bos", Between(2, 1 << 20));
  visit("max_tokens", s.max_tokens, "the most tokens that are scored", AtLeast(1));
  visit("bootstrap", s.bootstrap, "resamples for the 95 % intervals", Between(0, 1'000'000));
  visit("tasks", s.tasks,
        "JSONL files of multiple-choice documents (context, choices, gold), in the form of "
        "lm-evaluation-harness",
        Rule());
}

// `layers` of a variant.  Layers are written 5, 0-3 or 0-3+7, or as a list of those.
template <class V>
void VisitFields(LayerEdit& s, V&& visit) {
  visit("skip", s.skip, "layers that do not run, counted from 0: 5, 0-3, 0-3+7 or [0-3, 7]", Rule());
  visit("repeat", s.repeat, "a layer, or consecutive layers such as 4-6, that run several times as a block",
        Rule());
  visit("times", s.times, "how many times the repeated layers run in all", Between(2, 64));
  visit("order", s.order,
        "every layer that runs, in this order: [0, 2, 1, 3-9]; a layer may occur more than once", Rule());
  visit("ffn", s.ffn,
        "how many FFN units are used, from the first on: a share such as 50% or 0.5, or a number of units; a "
        "list has one entry for each layer of the checkpoint",
        Rule());
}

template <class V>
void VisitFields(LocalitySection& s, V&& visit) {
  visit("shape", s.shape,
        "whose PLE rows are cached: a shape (e2b, e4b, small, or the JSON file of a config) or a checkpoint",
        Rule());
  visit("text_file", s.text_file, "text to read, if the shape has a tokenizer (or give trace)", Rule());
  visit("encoding", s.encoding, "of text_file, as iconv names it: utf-8, latin-1, windows-1252, utf-16, …",
        Rule());
  visit("trace", s.trace, "JSON file with token ids (or give text_file or traces)", Rule());
  visit(
      "traces", s.traces,
      "two or more such files, each of which is a domain: the answers by domain stand beside each other, and "
      "a static set is also learned on the other domains",
      Rule());
  visit("special_tokens", s.special_tokens,
        "whether spellings of special tokens in the text (<bos>, <start_of_turn>, …) are their ids; if not, "
        "they are text",
        Rule());
  visit("learn_tokens", s.learn_tokens,
        "tokens before the measured ones, from which the most frequent rows are learned; 0: the first half",
        AtLeast(0));
  visit("least_rows", s.least_rows,
        "the smallest capacity, which is doubled up to the number of distinct rows", AtLeast(1));
  visit("shuffles", s.shuffles, "random orders of the measured tokens, which show what frequency alone gives",
        Between(2, 10'000));
  visit("bootstrap", s.bootstrap, "resamples for the 95 % intervals", Between(0, 1'000'000));
  visit("seed", s.seed, "seed of the random orders and the resamples", AtLeast(0));
}

template <class V>
void VisitFields(OffloadSection& s, V&& visit) {
  visit("scratch_folder", s.scratch_folder,
        "folder on the storage that is measured, where a file is written and removed afterwards", Rule());
  visit("scratch", s.scratch, "size of that file; reads of more bytes start again at its beginning",
        Between(1 << 20, 1e15));
  visit("rounds", s.rounds, "rounds, in each of which every kind of token takes its turn",
        Between(2, 100'000));
  visit("row_tokens", s.row_tokens,
        "tokens whose PLE row is read in one round; weights are read for one token", Between(1, 1'000'000));
  visit("readers", s.readers, "reads in flight at once, if a token needs many", Between(1, 256));
  visit("bootstrap", s.bootstrap, "resamples for the 95 % intervals", Between(0, 1'000'000));
  visit("seed", s.seed, "seed of the positions of rows and of the resamples", AtLeast(0));
}

template <class S>
concept ConfigSection = requires(S& s) {
  VisitFields(s, [](auto&&...) {});
};

// Calls visit(key, section, help) for the sections that are plain lists of keys, in the order in which they
// are printed.
template <class V>
void VisitSections(ExperimentConfig& c, V&& visit) {
  visit("model", c.model, "which model, in which precision, with how many threads");
  visit("workload", c.workload, "the tokens that the model reads and decodes");
  visit("design", c.design, "how repetitions are arranged");
  visit("page_cache", c.page_cache, "what the operating system may keep of the PLE file");
  visit("accuracy", c.accuracy,
        "a separate phase: what each variant costs in accuracy; leave the section out to skip the phase");
  visit("locality", c.locality, "the stream of tokens that asks a cache for PLE rows");
  visit("offload", c.offload, "how the reads of one token are timed");
}

// The keys of `model` that a variant or a sweep may set.  Of `workload` and `page_cache`, it may set all
// keys.
inline constexpr std::array<std::string_view, 4> kVariantModelKeys{"threads", "dtype", "kv_dtype", "pin"};

template <ConfigSection S>
std::vector<std::string> KeysOf() {
  std::vector<std::string> keys;
  S section;
  VisitFields(section, [&](std::string_view key, auto&&...) { keys.emplace_back(key); });
  return keys;
}

}  // namespace plelab
