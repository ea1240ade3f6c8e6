#include "harness/record/record_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <string_view>
#include <tuple>

#include "model/base/format.h"

namespace plelab {
namespace {

constexpr size_t kShownPerKind = 5;
constexpr double kRounding = 1e-6;  // rounding may put a log-probability or a divergence this far below 0

using Rep = std::pair<std::string, int64_t>;  // variant, rep

// Collects problems by kind, so that one mistake in every row does not bury the others.
class Problems {
 public:
  template <class... Args>
  void Add(std::string_view kind, fmt::format_string<Args...> text, Args&&... args) {
    if (++count_[std::string(kind)] <= kShownPerKind) {
      lines_.push_back(Format("{}: {}", kind, Format(text, std::forward<Args>(args)...)));
    }
  }
  std::vector<std::string> Take() {
    for (const auto& [kind, count] : count_) {
      if (count > kShownPerKind)
        lines_.push_back(Format("{}: … and {} more like it", kind, count - kShownPerKind));
    }
    return std::move(lines_);
  }

 private:
  std::vector<std::string> lines_;
  std::map<std::string, size_t> count_;
};

void CheckMeta(const Record& record, Problems& problems) {
  const std::string weights = MetaValue(record.meta, "weights");
  const bool counted_only = record.variants.empty() && weights == "none";
  if (!counted_only && weights != "random" && weights != "trained" && weights != "unlabelled") {
    problems.Add("meta", "weights: expected random, trained or unlabelled, found '{}'", weights);
  }
  for (const char* name : {"config_yaml", "git_commit", "cpu_model", "started_at"}) {
    if (MetaValue(record.meta, name).empty()) problems.Add("meta", "{} is missing or empty", name);
  }
}

// Returns the variants' names.
std::set<std::string> CheckVariants(const Record& record, Problems& problems) {
  std::set<std::string> names;
  for (const VariantRow& v : record.variants) {
    if (v.variant.empty()) problems.Add("variants", "a variant has no name");
    if (!names.insert(v.variant).second) problems.Add("variants", "'{}' is there twice", v.variant);
    if (v.status != "done" && v.status != "failed" && v.status != "skipped") {
      problems.Add("variants", "'{}': status: expected done, failed or skipped, found '{}'", v.variant,
                   v.status);
    }
    if (v.status == "failed" && v.error.empty())
      problems.Add("variants", "'{}' failed and says no error", v.variant);
    if (v.exact != 0 && v.exact != 1) problems.Add("variants", "'{}': exact is {}", v.variant, v.exact);
    if (std::min({v.fast_bytes, v.file_bytes, v.table_bytes}) < 0)
      problems.Add("variants", "'{}': negative bytes", v.variant);
  }
  return names;
}

template <class Row>
void CheckNames(const char* table, const std::vector<Row>& rows, const std::set<std::string>& names,
                Problems& problems) {
  for (const Row& row : rows) {
    if (!names.contains(row.variant)) problems.Add(table, "'{}' is not in variants", row.variant);
  }
}

void CheckReps(const Record& record, Problems& problems) {
  std::map<Rep, int64_t> steps;
  for (const StepRow& s : record.steps) ++steps[{s.variant, s.rep}];
  std::set<Rep> seen;
  for (const RepRow& r : record.reps) {
    if (!seen.insert({r.variant, r.rep}).second)
      problems.Add("reps", "'{}' rep {} is there twice", r.variant, r.rep);
    const int64_t found = steps.contains({r.variant, r.rep}) ? steps.at({r.variant, r.rep}) : 0;
    if (r.valid_steps != found) {
      problems.Add("reps", "'{}' rep {}: valid_steps is {}, steps has {}", r.variant, r.rep, r.valid_steps,
                   found);
    }
    const int64_t least = std::min({r.load_ns, r.ttft_ns, r.prefill_ns, r.prefill_ple_wait_ns,
                                    r.started_unix_ns, r.steal_ns, r.major_faults});
    const bool negative = least < 0 || r.psi_memory_us < 0 || r.psi_io_us < 0 || r.energy_j < 0;
    if (negative) problems.Add("reps", "'{}' rep {}: a negative time or count", r.variant, r.rep);
    if (r.bandwidth_before <= 0 || r.bandwidth_after <= 0) {
      problems.Add("reps", "'{}' rep {}: a bandwidth of 0 or less", r.variant, r.rep);
    }
  }
  for (const auto& [rep, count] : steps) {
    if (!seen.contains(rep)) problems.Add("steps", "'{}' rep {} has no row in reps", rep.first, rep.second);
  }
}

void CheckSteps(const Record& record, const std::set<std::string>& names, Problems& problems) {
  std::set<std::tuple<std::string, int64_t, int64_t>> seen;
  for (const StepRow& s : record.steps) {
    const std::string where = Format("'{}' rep {} step {}", s.variant, s.rep, s.step);
    if (!seen.insert({s.variant, s.rep, s.step}).second) problems.Add("steps", "{} is there twice", where);
    if (!s.predecessor.empty() && !names.contains(s.predecessor)) {
      problems.Add("steps", "{}: predecessor '{}' is not in variants", where, s.predecessor);
    }
    if (s.step_ns <= 0) problems.Add("steps", "{}: step_ns is {}", where, s.step_ns);
    if (s.hits + s.misses != s.lookups) {
      problems.Add("steps", "{}: hits {} + misses {} is not lookups {}", where, s.hits, s.misses, s.lookups);
    }
    const int64_t least = std::min({s.ple_wait_ns, s.ple_hidden_ns, s.ple_read_ns, s.held_bytes, s.lookups,
                                    s.hits, s.misses, s.read_calls, s.bytes_asked, s.step_bytes});
    if (s.bytes_moved < kBytesUnknown) problems.Add("steps", "{}: bytes_moved is {}", where, s.bytes_moved);
    if (least < 0) problems.Add("steps", "{}: a negative time or count", where);
  }
}

// Steps are observed at the position of the last measured one, whose bytes the parts share.
void CheckStepParts(const Record& record, Problems& problems) {
  std::map<Rep, const StepRow*> last;
  for (const StepRow& s : record.steps) {
    const StepRow*& found = last[{s.variant, s.rep}];
    if (found == nullptr || s.step > found->step) found = &s;
  }
  std::set<std::tuple<std::string, int64_t, std::string>> seen;
  std::map<Rep, int64_t> bytes;
  for (const StepPartRow& p : record.step_parts) {
    const std::string where = Format("'{}' rep {} part '{}'", p.variant, p.rep, p.part);
    if (p.part.empty()) problems.Add("step_parts", "{}: no part", where);
    if (!seen.insert({p.variant, p.rep, p.part}).second)
      problems.Add("step_parts", "{} is there twice", where);
    if (p.steps < 1 || p.time_ns < 0 || p.step_bytes < 0)
      problems.Add("step_parts", "{}: a negative time or count, or no step", where);
    bytes[{p.variant, p.rep}] += p.step_bytes;
  }
  for (const auto& [rep, sum] : bytes) {
    const auto step = last.find(rep);
    if (step == last.end()) {
      problems.Add("step_parts", "'{}' rep {} has no row in steps", rep.first, rep.second);
    } else if (step->second->step_bytes != sum) {
      problems.Add("step_parts", "'{}' rep {}: {} bytes in all parts, {} in its last step", rep.first,
                   rep.second, sum, step->second->step_bytes);
    }
  }
}

// Variants with the same baseline saw the same tokens under the same model, so those that claim to be exact
// must agree.
void CheckOutputs(const Record& record, Problems& problems) {
  std::map<std::string, std::string> group;  // the baseline of each finished exact variant
  for (const VariantRow& v : record.variants) {
    if (v.exact == 1 && v.status == "done") group[v.variant] = v.baseline.empty() ? v.variant : v.baseline;
  }
  std::map<Rep, const RepRow*> first;  // by baseline and repetition
  for (const RepRow& r : record.reps) {
    if (!group.contains(r.variant)) continue;
    if (r.output_sha256.empty()) {
      if (r.valid_steps > 0) problems.Add("reps", "'{}' rep {}: output_sha256 is empty", r.variant, r.rep);
      continue;
    }
    const auto [entry, is_new] = first.try_emplace({group[r.variant], r.rep}, &r);
    if (!is_new && entry->second->output_sha256 != r.output_sha256) {
      problems.Add("outputs", "rep {}: exact variants '{}' and '{}' differ in output_sha256", r.rep,
                   entry->second->variant, r.variant);
    }
  }
}

void CheckMemory(const Record& record, Problems& problems) {
  std::set<std::tuple<std::string, int64_t, std::string, std::string>> seen;
  for (const MemoryRow& m : record.memory) {
    const std::string where = Format("'{}' rep {} {} {}", m.variant, m.rep, m.phase, m.counter);
    if (m.phase.empty() || m.counter.empty()) problems.Add("memory", "{}: no phase or no counter", where);
    if (!seen.insert({m.variant, m.rep, m.phase, m.counter}).second)
      problems.Add("memory", "{} is there twice", where);
    if (m.bytes < 0) problems.Add("memory", "{}: {} bytes", where, m.bytes);
  }
}

void CheckAccuracy(const Record& record, Problems& problems) {
  std::set<std::tuple<std::string, std::string, std::string>> seen;
  for (const AccuracyRow& a : record.accuracy) {
    const std::string where = Format("'{}' {} {}", a.variant, a.task, a.metric);
    if (!seen.insert({a.variant, a.task, a.metric}).second)
      problems.Add("accuracy", "{} is there twice", where);
    if (a.n < 0) problems.Add("accuracy", "{}: n is {}", where, a.n);
    if (a.low > a.high) problems.Add("accuracy", "{}: low {} is above high {}", where, a.low, a.high);
  }
  for (const TokenRow& t : record.tokens) {
    if (t.nats < -kRounding || t.kl < -kRounding) {
      problems.Add("tokens", "'{}' document {} position {}: negative nats or kl", t.variant, t.document,
                   t.position);
    }
  }
}

void CheckContribution(const Record& record, Problems& problems) {
  std::set<std::tuple<std::string, int64_t, std::string, std::string>> seen;
  for (const ContributionRow& c : record.contribution) {
    const std::string where = Format("'{}' layer {} {} of tokens {}", c.variant, c.layer, c.metric, c.bucket);
    if (!seen.insert({c.variant, c.layer, c.metric, c.bucket}).second)
      problems.Add("ple_contribution", "{} is there twice", where);
    if (c.metric.empty() || c.bucket.empty())
      problems.Add("ple_contribution", "{}: no metric or no bucket", where);
    if (c.layer < 0 || c.n < 0) problems.Add("ple_contribution", "{}: n is {}", where, c.n);
    if (c.low > c.high) problems.Add("ple_contribution", "{}: low {} is above high {}", where, c.low, c.high);
  }
}

void CheckDone(const Record& record, Problems& problems) {
  if (record.reps.empty()) return;  // an experiment without timing
  std::set<std::string> measured;
  for (const RepRow& r : record.reps) measured.insert(r.variant);
  for (const VariantRow& v : record.variants) {
    if (v.status == "done" && !measured.contains(v.variant)) {
      problems.Add("variants", "'{}' is done and has no repetition", v.variant);
    }
  }
}

}  // namespace

std::vector<std::string> CheckRecord(const Record& record) {
  Problems problems;
  CheckMeta(record, problems);
  const std::set<std::string> names = CheckVariants(record, problems);
  for (const VariantRow& v : record.variants) {
    if (!v.baseline.empty() && !names.contains(v.baseline)) {
      problems.Add("variants", "'{}': baseline '{}' is not in variants", v.variant, v.baseline);
    }
  }
  CheckNames("reps", record.reps, names, problems);
  CheckNames("steps", record.steps, names, problems);
  CheckNames("step_parts", record.step_parts, names, problems);
  CheckNames("memory", record.memory, names, problems);
  CheckNames("accuracy", record.accuracy, names, problems);
  CheckNames("tokens", record.tokens, names, problems);
  CheckNames("ple_contribution", record.contribution, names, problems);
  CheckReps(record, problems);
  CheckSteps(record, names, problems);
  CheckStepParts(record, problems);
  CheckOutputs(record, problems);
  CheckMemory(record, problems);
  CheckAccuracy(record, problems);
  CheckContribution(record, problems);
  CheckDone(record, problems);
  return problems.Take();
}

}  // namespace plelab
