// One YAML file is the whole run.  Strict: unknown, repeated and missing required keys stop it, with file:line:col.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/io/dtype.h"
#include "model/ple/ple_options.h"

namespace plelab {

enum class Decode { kReplay, kGreedy, kSample };
enum class Isolate { kStep, kProcess };
enum class Order { kAbba, kShuffled };
enum class PageCacheInitial { kCold, kWarm, kAsIs };
enum class PageCacheMaintain { kNone, kEvictEachStep };

struct ModelSection {
  std::string checkpoint;                // required: a folder as published
  DType dtype = DType::kBFloat16;        // float32, bfloat16
  int64_t threads = 0;                   // 0: all cores
  std::string device = "cpu";            // cpu, cuda
  std::string synth;                     // a shape (e2b, small, …): if `checkpoint` does not exist, random weights of this
  int64_t synth_seed = 0;                //   shape are written there first, labelled random
  bool operator==(const ModelSection&) const = default;
};

struct WorkloadSection {
  std::string text_file;                 // one of text_file and trace
  std::string trace;                     // token ids made by scripts/corpus/make_trace.py
  int64_t prompt_tokens = 128;
  Decode decode = Decode::kReplay;
  int64_t decode_tokens = 256;
  int64_t batch = 1;
  double temperature = 1.0;              // decode: sample
  int64_t seed = 0;                      // decode: sample
  bool operator==(const WorkloadSection&) const = default;
};

struct StopRule {
  double rel_half_width = 0;             // 0: exactly design.reps repetitions
  int64_t max_reps = 60;
};

struct DesignSection {
  Isolate isolate = Isolate::kStep;
  Order order = Order::kAbba;
  int64_t warmup_steps = 16;             // decode steps before the measured ones, not recorded
  int64_t reps = 3;                      // time repetitions (at least this many)
  int64_t memory_reps = 1;               // processes per variant for memory
  int64_t seed = 0;                      // of every shuffle
  StopRule stop;
};

struct PageCacheSection {
  PageCacheInitial initial = PageCacheInitial::kAsIs;
  PageCacheMaintain maintain = PageCacheMaintain::kNone;
  bool verify = true;
};

struct AccuracySection {
  bool enabled = false;                  // set when the section is there
  std::string text_file;
  std::string trace;
  int64_t context = 512;                 // tokens per window, each starting with bos
  int64_t max_tokens = 4096;
  int64_t bootstrap = 1000;
};

struct VariantConfig {
  std::string name;                      // unique; sweeps append @key=value
  PleOptions ple;
  ModelSection model;                    // the config's, with a sweep's overrides applied
  WorkloadSection workload;
};

struct ExperimentConfig {
  std::string experiment;                // ple_strategies, parameter_groups, …
  ModelSection model;
  WorkloadSection workload;
  DesignSection design;
  PageCacheSection page_cache;
  AccuracySection accuracy;
  std::vector<VariantConfig> variants;   // sweep, zip and exclude already multiplied out
  std::vector<std::string> shapes;       // parameter_groups: shapes or checkpoints to count
  std::string resolved_yaml;             // every key with its value, as recorded in /meta
  std::string name;                      // the file's stem: results/<name>_<UTC>.h5
};

// `overrides`: "workload.decode_tokens=64", from --set; `variants[1].ple.capacity=5%` reaches into lists.
// Throws UserError "configs/x.yaml:14:5: unknown key 'capcity' in 'ple'; known: …".
ExperimentConfig ReadExperimentConfig(const std::string& path, const std::vector<std::string>& overrides = {});
ExperimentConfig ParseExperimentConfig(const std::string& yaml, const std::string& origin,
                                       const std::vector<std::string>& overrides = {});
// The JSON Schema for editors, generated from the same field lists (configs/experiment.schema.json; a test compares).
std::string ExperimentJsonSchema();

// "64MiB", "20us", "5%": throws UserError naming the units that are known.
int64_t ParseBytes(const std::string& text);
int64_t ParseDurationNs(const std::string& text);

}  // namespace plelab
