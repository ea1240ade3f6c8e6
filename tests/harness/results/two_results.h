// Two results of one config with known times, for tests of what compares them.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab::testing {

// ns of a step from (variant, rep, step).
using StepNs = std::function<int64_t(const std::string&, int64_t, int64_t)>;

struct TimesOf {
  int64_t reps = 5;
  int64_t steps = 4;
  bool own_stretches = false;  // each repetition reads other tokens
  StepNs ns;
};

// `resident` (the baseline), its twin, and `disk`.
inline Record TimedRecord(const TimesOf& times) {
  Record record;
  record.meta = {{"config_yaml",
                  "experiment: ple_strategies\ndesign:\n  reps: 5\n  margin: 2%\npage_cache:\n  initial: "
                  "cold\nvariants:\n  - name: resident\n    ple:\n      strategy: resident\n  - name: "
                  "disk\n    ple:\n      strategy: disk\n"},
                 {"config", "two"},
                 {"weights", "trained"},
                 {"git_commit", "c1"},
                 {"build_commit", "c1"},
                 {"compiler", "GNU 12"},
                 {"cpu_model", "a CPU"},
                 {"kernel", "Linux 6"},
                 {"text_hash", "aa"},
                 {"control", "passed"},
                 {"measured_with", "a release build"},
                 {"started_at", "2026-11-24T03:00:00Z"}};
  for (const std::string name : {"resident", "disk", "resident@control"}) {
    VariantRow variant;
    variant.variant = variant.strategy = name;
    variant.options_json = "{}";
    variant.baseline = "resident";
    record.variants.push_back(variant);
    for (int64_t rep = 0; rep < times.reps; ++rep) {
      RepRow row;
      row.variant = name;
      row.rep = rep;
      row.page_cache = "cold";
      row.guest_cold = name == "disk" ? "yes" : "not_asked";
      row.output_sha256 = "hash" + std::to_string(rep);
      row.valid_steps = times.steps;
      record.reps.push_back(row);
      for (int64_t step = 0; step < times.steps; ++step) {
        StepRow timed;
        timed.variant = name;
        timed.predecessor = "disk";
        timed.rep = rep;
        timed.step = step;
        timed.token_id = step + (times.own_stretches ? 100 * rep : 0);
        timed.step_ns = times.ns(name, rep, step);
        record.steps.push_back(timed);
      }
    }
  }
  return record;
}

inline void SetMeta(Record& record, const std::string& key, const std::string& value) {
  for (auto& [name, text] : record.meta) {
    if (name == key) {
      text = value;
      return;
    }
  }
  record.meta.emplace_back(key, value);
}

}  // namespace plelab::testing
