// The context that every phase of a run works in.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "harness/plan/run_plan.h"
#include "harness/record/part_store.h"
#include "harness/record/timeline.h"
#include "harness/workload/loaded_model.h"
#include "model/ple/ple_source.h"

namespace plelab {

// Makes a variant's PLE source.  Tests substitute one that makes faulty sources.  The default one starts its
// threads on the cores that no compute thread is pinned to.
using SourceMaker = std::function<std::unique_ptr<PleSource>(
    const VariantConfig& variant, const PleTable& table, std::span<const int64_t> warm_ids)>;
SourceMaker DefaultSourceMaker();

struct PhaseContext {
  const RunPlan& plan;
  PartStore& parts;
  ModelShelf& models;
  SourceMaker make_source;
  Timeline* timeline = nullptr;  // May be nullptr: then nothing is recorded.
  bool allow_debug = false;      // passed on to child processes
  // Called after each step of a repetition whose variants take turns.  May be empty.
  std::function<void(int64_t rep, int64_t step)> on_step = {};

  const std::string& name(int64_t v) const { return plan.variants[v].name(); }
  // The group's model.  Loads its weights unless they are already held.
  LoadedModel& Load(const VariantGroup& group) { return models.Get(group.model, plan.checkpoint); }
};

// The variants of a group that have not failed.
std::vector<int64_t> LiveVariants(const PhaseContext& context, const VariantGroup& group);
// The first exact variant among them, or −1 when there is none.
int64_t LiveBaseline(const PhaseContext& context, const VariantGroup& group);

}  // namespace plelab
