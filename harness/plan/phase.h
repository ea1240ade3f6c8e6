// What every phase of a run works with.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/plan/run_plan.h"
#include "harness/record/part_store.h"
#include "harness/record/timeline.h"
#include "harness/workload/loaded_model.h"
#include "harness/workload/workload.h"
#include "model/ple/strategies/factory.h"

namespace plelab {

// Makes a variant's PLE source; tests put a faulty one in.
using SourceMaker = std::function<std::unique_ptr<PleSource>(
    const VariantConfig& variant, const PleTable& table, std::span<const int64_t> warm_ids)>;
SourceMaker DefaultSourceMaker();

struct PhaseContext {
  const ExperimentConfig& config;
  std::vector<VariantGroup> groups;
  PartStore& parts;
  ModelShelf& models;
  SourceMaker make_source;
  Timeline* timeline = nullptr;  // may be null
  bool allow_debug = false;      // handed to child processes
};

// The variants of a group that have not failed.
std::vector<int64_t> LiveVariants(const PhaseContext& context, const VariantGroup& group);
// The first exact one among them; −1 when there is none.
int64_t LiveBaseline(const PhaseContext& context, const VariantGroup& group);
// The ids that a group's workload feeds, from the checkpoint's own tokenizer or the trace.
Workload WorkloadOf(const ExperimentConfig& config, const WorkloadSection& section,
                    const Checkpoint& checkpoint);
// Of the PLE cache at the start of a repetition: empty, warmed, none.
std::string CacheStartOf(const PleOptions& options);

}  // namespace plelab
