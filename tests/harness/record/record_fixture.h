// A small valid record with two exact variants and an ablation, two repetitions, and three steps in each.
#pragma once

#include <string>

#include "harness/record/record.h"

namespace plelab::testing {

inline StepRow MakeStep(const std::string& variant, int64_t rep, int64_t step) {
  StepRow row;
  row.variant = variant;
  row.predecessor = variant == "disk" ? "resident" : "disk";
  row.rep = rep;
  row.step = step;
  row.token_id = 100 + step;
  row.step_ns = 1'000'000 + step;
  row.lookups = 1;
  row.misses = variant == "disk" ? 1 : 0;
  row.hits = 1 - row.misses;
  row.read_calls = row.misses;
  row.bytes_asked = row.misses * 15360;
  row.bytes_moved = row.misses * 16384;
  row.step_bytes = 900;
  return row;
}

inline RepRow MakeRep(const std::string& variant, int64_t rep, const std::string& output) {
  RepRow row;
  row.variant = variant;
  row.rep = rep;
  row.started_unix_ns = 1'700'000'000'000'000'000;
  row.bandwidth_before = 30.5;
  row.output_sha256 = output;
  row.valid_steps = 3;
  return row;
}

inline Record MakeRecord() {
  Record record;
  record.meta = {{"config_yaml", "experiment: ple_strategies\n"},
                 {"weights", "random"},
                 {"git_commit", "unknown"},
                 {"cpu_model", "a CPU"},
                 {"started_at", "2026-11-24T03:00:00Z"}};
  for (const std::string name : {"resident", "disk", "dropped"}) {
    VariantRow variant;
    variant.variant = variant.strategy = name;
    variant.options_json = "{}";
    variant.baseline = "resident";
    variant.exact = name != "dropped";
    record.variants.push_back(variant);
    for (int64_t rep = 0; rep < 2; ++rep) {
      record.reps.push_back(MakeRep(name, rep, variant.exact ? "aa" + std::to_string(rep) : "bb"));
      for (int64_t step = 0; step < 3; ++step) record.steps.push_back(MakeStep(name, rep, step));
    }
    record.step_parts.push_back({name, "attention", 1, 3, 40'000, 850});
    record.step_parts.push_back({name, "rows", 1, 3, 2'000, 50});
    record.memory.push_back({name, "decode", "anonymous", 0, 1e9});
    record.memory.push_back({name, "decode", "cgroup_peak", 0, kNotMeasured});
    record.accuracy.push_back({name, "wiki", "nats_per_token", 2.5, 2.4, 2.6, 512});
    record.tokens.push_back({name, 0, 7, 42, 2.5, 0.0});
  }
  record.curves.push_back({"hit_rate", "bytes", "share", {{"lru", "8 rows", 122880, 0.5, 0.4, 0.6}}});
  record.contribution.push_back({"resident", 3, "relative_norm", "all", 0.25, 0.24, 0.26, 512});
  return record;
}

}  // namespace plelab::testing
