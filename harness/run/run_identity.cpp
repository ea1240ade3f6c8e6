#include "harness/run/run_identity.h"

#include <algorithm>
#include <sstream>

#include "harness/accuracy/choice_task.h"
#include "harness/cold/cold_plan.h"
#include "harness/config/config_fields.h"
#include "harness/machine/environment.h"
#include "harness/machine/host_facts.h"
#include "harness/record/recorder.h"
#include "harness/run/input_identity.h"
#include "harness/support/shell_word.h"
#include "model/base/error.h"

namespace plelab {
namespace {

// `inputs` comes before the hashes, because it names the file.
const std::vector<std::string> kIdentity = {
    "config_yaml",     "git_commit",     "dirty_hash", "build_commit",       "build_dirty_hash", "inputs",
    "checkpoint_hash", "tokenizer_hash", "text_hash",  "accuracy_text_hash", "cpu_model"};

std::string Name(Isolate isolate) { return isolate == Isolate::kStep ? "step" : "process"; }
std::string Name(Order order) { return std::string(Word(order)); }
std::string Name(Decode decode) {
  switch (decode) {
    case Decode::kReplay:
      return "replay";
    case Decode::kGreedy:
      return "greedy";
    case Decode::kSample:
      return "sample";
  }
  return "";
}

// What a user can do who wanted to go on with another run.
std::string WhatElse(const Meta& before, const std::string& key, const std::string& parts_folder) {
  const std::string anew = "measure anew under another name with --out, or here with --force";
  const std::string command = MetaValue(before, "command");
  if (key != "config_yaml" || command.empty()) return anew;
  return Format("go on as it was started: {} --out {} --resume, or {}", command,
                ShellWord(ResultOfParts(parts_folder)), anew);
}

}  // namespace

std::string FirstDifferentLine(const std::string& a, const std::string& b) {
  std::istringstream x(a), y(b);
  std::string left, right;
  while (true) {
    const bool has_left = static_cast<bool>(std::getline(x, left));
    const bool has_right = static_cast<bool>(std::getline(y, right));
    if (!has_left) left.clear();
    if (!has_right) right.clear();
    if (left != right || (!has_left && !has_right)) return Format("'{}' was, '{}' is", left, right);
  }
}

Meta DescribeExperiment(const ExperimentConfig& config, const RunOptions& options,
                        const std::string& data_path) {
  Meta meta = DescribeEnvironment(data_path, config.model.threads);
  meta.emplace_back("experiment", config.experiment);
  meta.emplace_back("config", config.name);
  meta.emplace_back("config_path", options.config_path);
  meta.emplace_back("config_yaml", config.resolved_yaml);
  meta.emplace_back("command", options.command);
  return meta;
}

Meta DescribeRun(const RunPlan& plan, const RunOptions& options) {
  const ExperimentConfig& config = plan.config;
  Meta meta = DescribeExperiment(config, options, config.model.checkpoint);
  const auto add = [&](const char* key, std::string value) { meta.emplace_back(key, std::move(value)); };
  add("checkpoint", config.model.checkpoint);
  add("checkpoint_hash", plan.checkpoint->fingerprint());
  add("weights", plan.checkpoint->weights_label());
  add("dtype", std::string(Name(config.model.dtype)));
  add("kv_dtype", std::string(Name(CacheDType(config.model))));
  add("device", config.model.device);
  std::string tokenizer_hash;
  if (plan.text) {
    add("isolate", Name(config.design.isolate));
    add("order", Name(config.design.order));
    add("decode", Name(config.workload.decode));
    add("text", plan.text->path);
    add("text_hash", plan.text->sha256);
    tokenizer_hash = plan.text->tokenizer_sha256;
  }
  if (plan.accuracy_text) {
    add("accuracy_text", plan.accuracy_text->path);
    add("accuracy_text_hash", plan.accuracy_text->sha256);
    if (tokenizer_hash.empty()) tokenizer_hash = plan.accuracy_text->tokenizer_sha256;
  }
  add("tokenizer_hash", tokenizer_hash);
  if (config.accuracy.enabled) add("media_tasks", MediaTasks(config.accuracy.tasks));
  add("inputs", IdentityOfFiles(FilesOf(plan)));
  if (const std::string references = DescribeColdReferences(plan); !references.empty())
    add("cold_reference", references);
  add("measured_with",
      BuildMayMeasure() ? "a release build" : "a debug build (--allow-debug): no time in here counts");
  return meta;
}

void RequireSameRun(const Meta& before, const Meta& now, const std::string& parts_folder) {
  for (const auto& key : kIdentity) {
    const std::string was = MetaValue(before, key), is = MetaValue(now, key);
    if (was == is) continue;
    const std::string difference = key == "config_yaml" || key == "inputs"
                                       ? FirstDifferentLine(was, is)
                                       : Format("'{}' was, '{}' is", was, is);
    throw UserError("{}: --resume needs the run that it goes on with, but its {} differs: {}; {}",
                    parts_folder, key, difference, WhatElse(before, key, parts_folder));
  }
}

}  // namespace plelab
