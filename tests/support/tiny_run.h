// A small run on a tiny checkpoint: its config, ids and folder.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/run/runner.h"
#include "tests/support/temporary_folder.h"

namespace plelab::testing {

// A folder with a copy of a golden's checkpoint (so that a test may damage it), a trace, and configs that use
// both.
class TinyRun {
 public:
  TinyRun() {
    namespace fs = std::filesystem;
    fs::copy(PLELAB_SOURCE_DIR "/tests/data/text/plain", checkpoint());
    std::string ids;
    // Has no small period, and never repeats the same id for long.
    for (int64_t i = 0; i < 400; ++i) {
      ids += i ? ',' : '[';
      ids += std::to_string(3 + (i * i + 7 * i) % 101);
    }
    WriteText(trace(), ids + "]");
  }

  const std::string& folder() const { return folder_.path(); }
  std::string checkpoint() const { return folder_ / "checkpoint"; }
  std::string shard() const { return checkpoint() + "/model.safetensors"; }
  std::string trace() const { return folder_ / "trace.json"; }
  std::string out() const { return folder_ / "result.h5"; }
  std::string config_path() const { return folder_ / "tiny.yaml"; }

  // `design`, `rest` (page_cache, accuracy) and `variants` are lines of YAML.
  std::string Yaml(const std::string& design, const std::string& variants, const std::string& rest = "",
                   const std::string& workload = "") const {
    return "experiment: ple_strategies\nmodel: {checkpoint: " + checkpoint() +
           ", dtype: float32, threads: 1}\nworkload: {trace: " + trace() +
           ", prompt_tokens: 12, decode_tokens: 8" + workload + "}\ndesign: {" + Here(design) + "}\n" + rest +
           "variants:\n" + variants;
  }
  ExperimentConfig Config(const std::string& design, const std::string& variants,
                          const std::string& rest = "", const std::string& workload = "") const {
    return ParseExperimentConfig(Yaml(design, variants, rest, workload), "tiny.yaml");
  }

  // Repetitions run in this process unless `design` says otherwise.
  static std::string Here(const std::string& design) {
    return design.find("processes:") == std::string::npos ? "processes: 1, " + design : design;
  }

  // Measures even in a debug build, because these tests check what is recorded and not the times.
  RunOptions Options() const {
    RunOptions options;
    options.out = out();
    options.config_path = config_path();
    options.allow_debug = true;
    return options;
  }

 private:
  TemporaryFolder folder_;
};

inline const char* const kInProcess = "warmup_steps: 2, reps: 2, memory_reps: 0";
inline const char* const kSixVariants =
    "  - {name: resident, ple: {strategy: resident}}\n"
    "  - {name: cached, ple: {strategy: cached, capacity: 5%, initial: warmed}}\n"
    "  - {name: pread, ple: {strategy: disk, backend: pread}}\n"
    "  - {name: mmap, ple: {strategy: disk, backend: mmap}}\n"
    "  - {name: waiting, ple: {strategy: disk, backend: pread, prefetch: false}}\n"
    "  - {name: dropped, ple: {strategy: dropped, mode: zero_row}}\n";

// What `variant` reached in `metric`; the test fails where no row says.
inline double RecordedAccuracy(const Record& record, const std::string& variant, const std::string& metric) {
  const AccuracyRow* row = FindAccuracy(record, variant, metric);
  if (row != nullptr) return row->value;
  ADD_FAILURE() << variant << " has no " << metric;
  return kNotMeasured;
}

}  // namespace plelab::testing
