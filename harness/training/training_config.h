// One YAML file describes one training run.  Reading is strict, as for experiments: unknown, repeated and
// missing required keys are errors with file:line:col.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/base/dtype.h"
#include "model/training/text_trainee.h"

namespace plelab {

// training_fields.h gives the meaning, range and unit of each key.  The values here are the defaults.

struct ArmSection {
  std::string name;                      // required; the run is NAME_SEED
  int64_t seed = 0;                      // of the initial weights and of the order of documents
  std::string shape;                     // required: small, or a config.json
  std::vector<std::string> change = {};  // keys of the shape that get another value: "hidden_size=320"
  PlePlacement ple = PlePlacement::kAll;
  std::string start = {};  // a checkpoint whose weights are the initial ones; empty: random weights
  bool operator==(const ArmSection&) const = default;
};

struct TokensSection {
  std::string folder;  // required: train.bin, valid.bin, test.bin, meta.json (scripts/corpus/make_tokens.py)
  int64_t budget = 0;  // required: tokens to learn from, over all epochs
  int64_t context = 256;  // tokens of a window
  int64_t batch = 16;     // windows of a step
  bool operator==(const TokensSection&) const = default;
};

// Replaces `tokens`: the towers learn to say what documents show.
struct MediaSection {
  std::string documents;        // required: JSONL as in accuracy.tasks, with images or audio in each line
  int64_t examples = 0;         // required: documents to learn from, over all epochs
  int64_t batch = 8;            // documents of a step
  double text_lr = 0;           // the text model's highest rate, tables included; 0: it does not change
  bool learn_row_zero = false;  // row 0 of the PLE table, which soft tokens read; false: it does not change
  bool enabled() const { return !documents.empty(); }
  bool operator==(const MediaSection&) const = default;
};

// AdamW (Loshchilov & Hutter 2019) with a linear warm-up, then a cosine to final_lr.
struct OptimizerSection {
  double lr = 3e-3;        // highest rate of matrices and norms
  double table_lr = 3e-3;  // highest rate of the token embedding and the PLE table
  double warmup = 0.02;    // share of the budget
  double final_lr = 0.05;  // share of lr at the end
  double beta1 = 0.9, beta2 = 0.95, eps = 1e-8;
  double weight_decay = 0.1;  // of matrices; norms, scales and tables have none
  double clip = 1.0;          // limit for the norm of all gradients together; 0: none
  bool operator==(const OptimizerSection&) const = default;
};

struct ComputeSection {
  DType dtype = DType::kBFloat16;  // what linear maps round to; weights, sums and norms stay float32
  int64_t threads = 0;             // 0 in the file means all cores; after reading it is their number
  bool operator==(const ComputeSection&) const = default;
};

struct EvaluationSection {
  int64_t every_tokens = 0;    // validate this often while training; 0: never
  int64_t valid_tokens = 0;    // of the validation split, from its start; 0: all
  std::string split = "test";  // the split of the final measurement
  int64_t context = 256;       // tokens that the final measurement may look back on
  int64_t max_tokens = 0;      // whole documents up to this many tokens; 0: all
  int64_t bootstrap = 2000;    // resamples of documents
  bool operator==(const EvaluationSection&) const = default;
};

struct OutputSection {
  std::string folder;      // state to resume from; default .work/training/NAME_SEED
  std::string checkpoint;  // folder for the weights, as published; default FOLDER/checkpoint
  std::string result;      // default results/training_NAME_SEED.h5
  int64_t save_every_s = 120;
  bool operator==(const OutputSection&) const = default;
};

struct TrainingConfig {
  ArmSection arm;
  TokensSection tokens;  // exactly one of tokens and media is used
  MediaSection media;
  OptimizerSection optimizer;
  ComputeSection compute;
  EvaluationSection evaluation;
  OutputSection output;
  std::string resolved_yaml;  // every key with its value; parsing it gives this config again
  std::string identity_yaml;  // the same without `output`: what must not change when a run is resumed

  std::string run_name() const;  // NAME_SEED
  int64_t steps() const;         // ⌈budget / (context · batch)⌉, or ⌈examples / batch⌉
};

// overrides come from --set: "arm.seed=3".  Throws UserError with the place.
TrainingConfig ReadTrainingConfig(const std::string& path, const std::vector<std::string>& overrides = {});
TrainingConfig ParseTrainingConfig(const std::string& yaml, const std::string& origin,
                                   const std::vector<std::string>& overrides = {});
// The shape's config.json with the arm's changes.  Throws UserError for a key that the shape does not have
// and for a value that is not JSON. A number in place of a list stands for each of its entries.
std::string ArmConfigJson(const ArmSection& arm);

}  // namespace plelab
