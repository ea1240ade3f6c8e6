// One YAML file is one training run.  Strict, as experiments are: unknown, repeated and missing required keys
// stop it, with file:line:col.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/base/dtype.h"
#include "model/training/text_trainee.h"

namespace plelab {

// What each key means, its range and its unit: training_fields.h.  The values here are the defaults.

struct ArmSection {
  std::string name;                      // required; the run is NAME_SEED
  int64_t seed = 0;                      // of the first weights and of the order of documents
  std::string shape;                     // required: small, or a config.json
  std::vector<std::string> change = {};  // keys of the shape with another value: "hidden_size=320"
  PlePlacement ple = PlePlacement::kAll;
  std::string start = {};  // a checkpoint whose weights it starts from; empty: random ones
  bool operator==(const ArmSection&) const = default;
};

struct TokensSection {
  std::string folder;  // required: train.bin, valid.bin, test.bin, meta.json (scripts/corpus/make_tokens.py)
  int64_t budget = 0;  // required: tokens that are learned from, over all epochs
  int64_t context = 256;  // of one window
  int64_t batch = 16;     // windows of one step
  bool operator==(const TokensSection&) const = default;
};

// In place of `tokens`: towers learn to say what documents show.
struct MediaSection {
  std::string documents;        // required: JSONL as in accuracy.tasks, each line with images or audio
  int64_t examples = 0;         // required: documents that are learned from, over all epochs
  int64_t batch = 8;            // documents of one step
  double text_lr = 0;           // the text model's rate at its highest, tables included; 0: it stays as it is
  bool learn_row_zero = false;  // row 0 of the PLE table, which soft tokens read; else it stays as it is
  bool enabled() const { return !documents.empty(); }
  bool operator==(const MediaSection&) const = default;
};

// AdamW (Loshchilov & Hutter 2019), linear warm-up, then a cosine to final_lr.
struct OptimizerSection {
  double lr = 3e-3;        // of matrices and norms, at its highest
  double table_lr = 3e-3;  // of the token embedding and the PLE table
  double warmup = 0.02;    // share of the budget
  double final_lr = 0.05;  // share of lr at the end
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8;
  double weight_decay = 0.1;  // of matrices; norms, scales and tables have none
  double clip = 1.0;          // largest norm of all gradients together; 0: none
  bool operator==(const OptimizerSection&) const = default;
};

struct ComputeSection {
  DType dtype = DType::kBFloat16;  // what linear maps round to; weights, sums and norms stay float32
  int64_t threads = 0;             // 0 in the file is all cores; once read it is their number
  bool operator==(const ComputeSection&) const = default;
};

struct EvaluationSection {
  int64_t every_tokens = 0;    // on the validation split, while training; 0: at the end only
  int64_t valid_tokens = 0;    // of it, from the start; 0: all
  std::string split = "test";  // what the last measurement is on
  int64_t context = 256;       // tokens that the last measurement may look back on
  int64_t max_tokens = 0;      // whole documents until so many tokens; 0: all
  int64_t bootstrap = 2000;    // resamples of documents
  bool operator==(const EvaluationSection&) const = default;
};

struct OutputSection {
  std::string folder;      // state to go on from; default .work/training/NAME_SEED
  std::string checkpoint;  // folder for the weights, as published; default FOLDER/checkpoint
  std::string result;      // default results/training_NAME_SEED.h5
  int64_t save_every_s = 120;
  bool operator==(const OutputSection&) const = default;
};

struct TrainingConfig {
  ArmSection arm;
  TokensSection tokens;  // one of these two
  MediaSection media;
  OptimizerSection optimizer;
  ComputeSection compute;
  EvaluationSection evaluation;
  OutputSection output;
  std::string resolved_yaml;  // every key with its value; parsing it gives this config again
  std::string identity_yaml;  // the same without `output`: what a run may not change while it goes on

  std::string run_name() const;  // NAME_SEED
  int64_t steps() const;         // ⌈budget / (context · batch)⌉, or ⌈examples / batch⌉
};

// overrides: "arm.seed=3", from --set.  Throws UserError with the place.
TrainingConfig ReadTrainingConfig(const std::string& path, const std::vector<std::string>& overrides = {});
TrainingConfig ParseTrainingConfig(const std::string& yaml, const std::string& origin,
                                   const std::vector<std::string>& overrides = {});
// The shape's config.json with the arm's changes.  Throws UserError for a key that the shape does not have or
// a value that is not JSON; a number where the shape has a list stands for each of its entries.
std::string ArmConfigJson(const ArmSection& arm);

}  // namespace plelab
