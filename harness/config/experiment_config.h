// One YAML file is the whole run.  Strict: unknown, repeated and missing required keys stop it, with
// file:line:col.
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
enum class Order { kAbba, kShuffled };
enum class PageCacheInitial { kCold, kWarm, kAsIs };
enum class PageCacheMaintain { kNone, kEvictEachStep };

// What each key means, its range and its unit: config_fields.h.  The values here are the defaults.

struct ModelSection {
  std::string checkpoint;          // required: a folder as published
  DType dtype = DType::kBFloat16;  // float32, bfloat16
  int64_t threads = 0;             // 0 in the file is all cores; once read it is their number
  std::string device = "cpu";      // cpu, cuda
  // A shape (e2b, small, …): if `checkpoint` does not exist, random weights of this shape are written there
  // first, labelled random.
  std::string synth;
  int64_t synth_seed = 0;
  bool operator==(const ModelSection&) const = default;
};

// Tokens of the text, in order: warm_tokens | prompt_tokens | warm-up steps | decode_tokens.
struct WorkloadSection {
  std::string text_file;  // exactly one of text_file and trace
  std::string trace;      // token ids made by scripts/corpus/make_trace.py
  // What a cache with `initial: warmed` has seen, not run by the model; 0: it has seen the tokens after the
  // last measured one instead.  Never the measured ones, which would flatter it.
  int64_t warm_tokens = 0;
  int64_t prompt_tokens = 128;
  Decode decode = Decode::kReplay;
  int64_t decode_tokens = 256;  // measured steps of one repetition
  int64_t batch = 1;
  double temperature = 1.0;  // decode: sample
  int64_t seed = 0;          // decode: sample
  // What the prompt shows between bos and its text, images first; their tokens come on top of prompt_tokens.
  std::vector<std::string> images = {};  // PNG or JPEG
  std::vector<std::string> audio = {};   // WAV, FLAC, OGG
  bool operator==(const WorkloadSection&) const = default;
};

struct StopRule {
  // Of the 95 % interval of a variant's paired difference to the baseline, as a share of a step; 0: exactly
  // design.reps repetitions.
  double rel_half_width = 0;
  int64_t max_reps = 60;
  bool operator==(const StopRule&) const = default;
};

struct DesignSection {
  Isolate isolate = Isolate::kStep;  // of time; memory is always measured in a process of its own
  Order order = Order::kAbba;
  int64_t warmup_steps = 16;  // decode steps before the measured ones, not recorded
  int64_t reps = 3;           // time repetitions (at least this many)
  int64_t memory_reps = 1;    // processes per variant for memory; 0: memory is not measured
  int64_t seed = 0;           // of every shuffle and bootstrap
  // Stated beforehand: a ratio whose 95 % interval lies within 1 ± margin counts as "no difference".
  double margin = 0.01;
  StopRule stop;
  bool operator==(const DesignSection&) const = default;
};

struct PageCacheSection {
  PageCacheInitial initial = PageCacheInitial::kAsIs;
  PageCacheMaintain maintain = PageCacheMaintain::kNone;
  bool verify = true;
  bool operator==(const PageCacheSection&) const = default;
};

struct AccuracySection {
  bool enabled = false;   // set when the section is there
  std::string text_file;  // exactly one of text_file and trace
  std::string trace;
  int64_t context = 512;  // tokens per window, each starting with bos
  int64_t max_tokens = 4096;
  int64_t bootstrap = 1000;             // resamples
  std::vector<std::string> tasks = {};  // multiple choice: JSONL in the shape of lm-evaluation-harness
  bool operator==(const AccuracySection&) const = default;
};

// An amount that a config writes with its unit.
struct ByteCount {
  int64_t bytes = 0;
  bool operator==(const ByteCount&) const = default;
};

// cache_locality: a stream of token ids before a cache of rows.  learn_tokens | measured tokens.
struct LocalitySection {
  std::string shape = "e2b";  // whose rows: a shape or a checkpoint
  std::string text_file;      // exactly one of text_file and trace
  std::string trace;
  int64_t learn_tokens = 0;  // 0: the first half
  int64_t least_rows = 16;   // of the capacity grid, which doubles from here
  int64_t shuffles = 20;     // random orders of the control
  int64_t bootstrap = 1000;  // resamples
  int64_t seed = 0;
  bool operator==(const LocalitySection&) const = default;
};

// offload_vs_mlp: reads of a file that is written for them and removed afterwards.
struct OffloadSection {
  std::string scratch_folder = ".work";
  ByteCount scratch = {int64_t{512} << 20};
  int64_t rounds = 10;       // in each, every kind of token takes its turn
  int64_t row_tokens = 200;  // tokens whose PLE row is read in one round
  int64_t readers = 8;       // reads under way at once
  int64_t bootstrap = 1000;  // resamples
  int64_t seed = 0;
  bool operator==(const OffloadSection&) const = default;
};

struct VariantConfig {
  std::string name;  // unique, fit for a file name; sweeps append @key=value
  PleOptions ple;
  ModelSection model;        // the config's, with the variant's own threads and dtype
  WorkloadSection workload;  // the config's, with the variant's own keys
  LayerEdit layers = {};     // which layers run; none: the checkpoint's own
};
// True where its output must equal that of the other exact variants bit for bit.
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
  std::vector<VariantConfig> variants;  // sweep, zip and exclude already multiplied out
  std::vector<std::string> shapes;      // shapes or checkpoints to count
  // Every key with its value, as recorded in /meta; parsing it gives this config again.
  std::string resolved_yaml;
  std::string name;  // the file's stem: results/<name>_<UTC>.h5
  // Where each key stands, for errors that show later: "model.checkpoint" → "configs/x.yaml:5:3".
  std::map<std::string, std::string> places;
};

// A question that `plelab run` can ask: the one list of experiments (plelab list, errors, the JSON Schema).
struct ExperimentInfo {
  std::string_view name;
  std::string_view question;               // one line
  std::vector<std::string_view> required;  // sections that its config must have
  std::vector<std::string_view> optional;  // sections that it may have; all others are an error
  bool edits_layers = false;               // its variants may have `layers`
  bool watches_ple = false;                // what the first exact variant's PLE branch adds is recorded
};
std::span<const ExperimentInfo> KnownExperiments();
// Time and memory are measured on a workload: an experiment whose configs have none scores accuracy alone.
bool RunsWorkload(const ExperimentConfig& config);
// Its variants may run other layers than the checkpoint's own.
bool EditsLayers(const ExperimentConfig& config);
bool WatchesPle(const ExperimentConfig& config);

// `overrides`: "workload.decode_tokens=64", from --set; `variants[1].ple.capacity=5%` reaches into lists.
// Throws UserError "configs/x.yaml:14:5: unknown key 'capcity' in 'ple'; known: …".
ExperimentConfig ReadExperimentConfig(const std::string& path,
                                      const std::vector<std::string>& overrides = {});
ExperimentConfig ParseExperimentConfig(const std::string& yaml, const std::string& origin,
                                       const std::vector<std::string>& overrides = {});
// Throws UserError, with the key's place and what to do, for a checkpoint (without `synth`), text or trace
// that is not there.  Reading a config does not look: a config can be checked where its files are not.
void CheckFilesExist(const ExperimentConfig& config);

}  // namespace plelab
