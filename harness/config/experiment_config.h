// One YAML file describes the whole run.  Reading is strict: unknown, repeated and missing required keys are
// errors with file:line:col.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/base/dtype.h"
#include "model/ple/strategies/ple_options.h"
#include "model/text/layer_edit.h"

namespace plelab {

enum class Decode { kReplay, kGreedy, kSample };
enum class Isolate { kStep, kProcess };
enum class Order { kWilliams, kShuffled };
enum class PageCacheInitial { kCold, kWarm, kAsIs };
enum class PageCacheMaintain { kNone, kEvictEachStep };
enum class OwnTable { kAuto, kYes, kNo };

// A number of bytes, which a config writes with its unit.
struct ByteCount {
  int64_t bytes = 0;
  bool operator==(const ByteCount&) const = default;
};

// A time, which a config writes with its unit.
struct Duration {
  int64_t ns = 0;
  bool operator==(const Duration&) const = default;
};

// config_fields.h gives the meaning, range and unit of each key.  The values here are the defaults.

struct ModelSection {
  std::string checkpoint;          // required: a folder as published
  DType dtype = DType::kBFloat16;  // float32, bfloat16
  std::string kv_dtype = "same";   // same, int8
  int64_t threads = 0;             // 0 in the file means all cores; after reading it is their number
  // Each compute thread stays on one core, and the threads of PLE sources on the cores that are left.
  bool pin = false;
  std::string device = "cpu";  // cpu, cuda
  // A shape (e2b, small, …).  If `checkpoint` does not exist, random weights of this shape are first written
  // there, labelled random.
  std::string synth;
  int64_t synth_seed = 0;
  bool operator==(const ModelSection&) const = default;
};
// The dtype of a KV cache: what "same" or "int8" stands for where the model computes in `dtype`.
inline DType CacheDType(std::string_view kv_dtype, DType dtype) {
  return kv_dtype == "int8" ? DType::kInt8 : dtype;
}
inline DType CacheDType(const ModelSection& model) { return CacheDType(model.kv_dtype, model.dtype); }

// The text's tokens are used in this order: warm_tokens | prompt_tokens | warm-up steps | decode_tokens.
struct WorkloadSection {
  std::string text_file;           // set exactly one of text_file and trace
  std::string encoding = "utf-8";  // of text_file
  std::string trace;               // token ids made by scripts/corpus/make_trace.py
  bool special_tokens = true;      // spellings of special tokens in the text are their ids
  // Tokens that a cache with `initial: warmed` has seen and that the model does not run.  With 0, the cache
  // has seen the tokens after the last measured one instead, and never the measured ones, which would flatter
  // it.
  int64_t warm_tokens = 0;
  int64_t prompt_tokens = 128;
  std::string prompt_layers = "needed";  // needed, all
  Decode decode = Decode::kReplay;
  int64_t decode_tokens = 256;  // measured steps of one repetition
  int64_t batch = 1;
  double temperature = 1.0;  // for `decode: sample`
  int64_t seed = 0;          // for `decode: sample`
  // What the prompt shows between bos and its text, images first.  Their tokens are added to prompt_tokens.
  std::vector<std::string> images = {};  // PNG or JPEG
  std::vector<std::string> audio = {};   // WAV, FLAC, OGG
  bool operator==(const WorkloadSection&) const = default;
};

struct StopRule {
  // Of the 95 % interval of a variant's paired difference to the baseline, as a share of a step. 0: run
  // exactly design.reps repetitions.
  double rel_half_width = 0;
  int64_t max_reps = 60;
  bool operator==(const StopRule&) const = default;
};

struct DesignSection {
  Isolate isolate = Isolate::kStep;  // of time; memory is always measured in separate processes
  Order order = Order::kWilliams;    // harness/plan/turn_order.h
  // With `isolate: step` the baseline runs twice; the twin, `<baseline>@control`, shares the table's memory.
  bool control = true;
  // Before each turn the device has no request in flight, and this time passes.  0: turns follow at once.
  Duration settle = {200'000};
  // Whether each variant that reads the table from a file reads its own copy of it.
  OwnTable own_table = OwnTable::kAuto;
  int64_t warmup_steps = 16;  // decode steps before the measured ones, which are not recorded
  int64_t reps = 10;          // repetitions for time (at least this many)
  int64_t processes = 3;      // with `isolate: step`, the repetitions are spread over this many
  int64_t memory_reps = 1;    // processes per variant for memory; 0: memory is not measured
  int64_t seed = 0;           // of every shuffle and every bootstrap
  // Stated beforehand: a ratio whose 95 % interval lies within 1 ± margin counts as "no difference".
  double margin = 0.01;
  StopRule stop;
  bool operator==(const DesignSection&) const = default;
};

struct PageCacheSection {
  PageCacheInitial initial = PageCacheInitial::kAsIs;
  PageCacheMaintain maintain = PageCacheMaintain::kNone;
  bool verify = true;
  // What the page cache may hold for the process while it is timed.  0: no limit.
  ByteCount limit;
  // A large file whose bytes were never read, on the table's device: what a cold read costs there.
  std::string reference;
  bool operator==(const PageCacheSection&) const = default;
};

struct AccuracySection {
  bool enabled = false;            // set if the config has the section
  std::string text_file;           // set exactly one of text_file and trace
  std::string encoding = "utf-8";  // of text_file
  std::string trace;
  bool special_tokens = true;  // spellings of special tokens in texts and tasks are their ids
  int64_t context = 512;       // tokens per window, each starting with bos
  int64_t max_tokens = 4096;
  int64_t bootstrap = 1000;             // resamples
  std::vector<std::string> tasks = {};  // multiple choice: JSONL files in the form of lm-evaluation-harness
  bool operator==(const AccuracySection&) const = default;
};

// cache_locality: feeds a stream of token ids to a cache of rows: learn_tokens first, then the measured
// tokens.
struct LocalitySection {
  std::string shape = "e2b";       // a shape or a checkpoint, whose rows are cached
  std::string text_file;           // set exactly one of text_file, trace and traces
  std::string encoding = "utf-8";  // of text_file
  std::string trace;
  // Traces of several domains, which are compared.  Each is called by the stem of its file.
  std::vector<std::string> traces = {};
  bool special_tokens = true;  // as in WorkloadSection
  int64_t learn_tokens = 0;    // 0: the first half of the stream
  int64_t least_rows = 16;     // the smallest capacity, which doubles from there
  int64_t shuffles = 20;       // random orders of the measured tokens, as a control
  int64_t bootstrap = 1000;    // resamples
  int64_t seed = 0;
  bool operator==(const LocalitySection&) const = default;
};

// offload_vs_mlp: reads a file that is written for this purpose and removed afterwards.
struct OffloadSection {
  std::string scratch_folder = ".work";
  ByteCount scratch = {int64_t{512} << 20};
  int64_t rounds = 10;       // in each round every kind of token takes its turn
  int64_t row_tokens = 200;  // tokens whose PLE row is read in a round
  int64_t readers = 8;       // reads in flight at once
  int64_t bootstrap = 1000;  // resamples
  int64_t seed = 0;
  bool operator==(const OffloadSection&) const = default;
};

struct VariantConfig {
  std::string name;  // unique and valid in a file name; sweeps append @key=value
  PleOptions ple;
  ModelSection model;           // the config's, with the variant's own threads, dtype, kv_dtype and pin
  WorkloadSection workload;     // the config's, with the variant's own keys
  PageCacheSection page_cache;  // the config's, with the variant's own keys
  // Variants of different groups never take turns with each other; each group has a baseline of its own.
  std::string group = "";
  OwnTable own_table = OwnTable::kAuto;  // the design's, unless the variant has its own
  LayerEdit layers = {};                 // which layers run; empty: the checkpoint's own
};
// True if the variant's output must equal that of the other exact variants bit for bit.
inline bool IsExact(const VariantConfig& variant) { return IsExact(variant.ple) && variant.layers.empty(); }

struct ExperimentConfig {
  std::string experiment;  // one of KnownExperiments()
  ModelSection model;
  WorkloadSection workload;
  DesignSection design;
  PageCacheSection page_cache;
  AccuracySection accuracy;
  LocalitySection locality;
  OffloadSection offload;
  std::vector<VariantConfig> variants;  // with sweep, zip and exclude already expanded
  std::vector<std::string> shapes;      // shapes or checkpoints whose parameters are counted
  // Every key with its value, as /meta records it.  Parsing it gives this config again.
  std::string resolved_yaml;
  std::string name;  // the file's stem, as in results/<name>_<UTC>.h5
  // Where each key is, for errors that are found later: "model.checkpoint" → "configs/x.yaml:5:3".
  std::map<std::string, std::string> places;
};

// A question that `plelab run` can answer.  This is the only list of experiments (for plelab list, errors and
// the JSON Schema).
struct ExperimentInfo {
  std::string_view name;
  std::string_view question;               // one line
  std::vector<std::string_view> required;  // sections that its config must have
  std::vector<std::string_view> optional;  // sections that its config may have; all others are errors
  bool edits_layers = false;               // its variants may have `layers`
  bool watches_ple = false;                // records what the PLE branch of the first exact variant adds
};
std::span<const ExperimentInfo> KnownExperiments();
// True if time and memory are measured on a workload.  An experiment whose configs have no workload scores
// accuracy alone.
bool RunsWorkload(const ExperimentConfig& config);
// True if its variants may run other layers than the checkpoint's own.
bool EditsLayers(const ExperimentConfig& config);
bool WatchesPle(const ExperimentConfig& config);

// `overrides` come from --set: "workload.decode_tokens=64"; `variants[1].ple.capacity=5%` reaches into lists.
// Throws UserError "configs/x.yaml:14:5: unknown key 'capcity' in 'ple'; known: …".
ExperimentConfig ReadExperimentConfig(const std::string& path,
                                      const std::vector<std::string>& overrides = {});
ExperimentConfig ParseExperimentConfig(const std::string& yaml, const std::string& origin,
                                       const std::vector<std::string>& overrides = {});
// Throws UserError, with the key's place and what to do, for a missing checkpoint (without `synth`), text or
// trace.  Reading a config does not check this, so a config can be validated where its files are absent.
void CheckFilesExist(const ExperimentConfig& config);

}  // namespace plelab
