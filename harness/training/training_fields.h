// The keys of a training config, each written once (as harness/config/config_fields.h does for experiments).
#pragma once

#include "harness/config/config_fields.h"
#include "harness/training/training_config.h"

namespace plelab {

template <>
struct EnumWords<PlePlacement> {
  static constexpr std::array kWords{
      std::pair{PlePlacement::kAll, "all"}, std::pair{PlePlacement::kNone, "none"},
      std::pair{PlePlacement::kFirstThird, "first_third"}, std::pair{PlePlacement::kLastThird, "last_third"},
      std::pair{PlePlacement::kShared, "shared"}};
};

template <class V>
void VisitFields(ArmSection& s, V&& visit) {
  visit("name", s.name, "name of what is trained; the run is called NAME_SEED", Required());
  visit("seed", s.seed, "seed of the initial weights and of the order of documents", AtLeast(0));
  visit("shape", s.shape, "small, or the path of a config.json", Required());
  visit("change", s.change,
        "keys of the shape that get another value, such as hidden_size=320; a number in place of a list "
        "stands for each of its entries",
        Rule());
  visit("ple", s.ple,
        "layers that get per-layer embeddings: all, none, first_third, last_third, or all from one shared "
        "table",
        Rule());
  visit("start", s.start,
        "folder of a trained checkpoint of the same shape, whose weights are the initial ones; tensors that "
        "the arm does not have are dropped; empty: random weights",
        Rule());
}

template <class V>
void VisitFields(TokensSection& s, V&& visit) {
  visit("folder", s.folder, "train.bin, valid.bin, test.bin and meta.json (scripts/corpus/make_tokens.py)",
        Required());
  visit("budget", s.budget, "tokens to learn from, over all epochs", Rule{.required = true, .min = 1});
  visit("context", s.context, "tokens of one window, each starting with bos", Between(2, 1 << 16));
  visit("batch", s.batch, "windows of one step", Between(1, 1 << 16));
}

template <class V>
void VisitFields(MediaSection& s, V&& visit) {
  visit("documents", s.documents,
        "JSONL of multiple-choice documents with images or audio (scripts/corpus/make_digits.py); the right "
        "choice is learned",
        Required());
  visit("examples", s.examples, "documents to learn from, over all epochs", Rule{.required = true, .min = 1});
  visit("batch", s.batch, "documents of one step", Between(1, 4096));
  visit("text_lr", s.text_lr,
        "AdamW's highest rate for the text model, tables included; 0: the text model does not change",
        Between(0, 10));
  visit("learn_row_zero", s.learn_row_zero,
        "true: row 0 of the PLE table, which soft tokens read, is learned at table_lr; false (the "
        "reference): it does not change",
        Rule());
}

template <class V>
void VisitFields(OptimizerSection& s, V&& visit) {
  visit("lr", s.lr, "AdamW's highest rate for matrices and norms", Between(0, 10));
  visit("table_lr", s.table_lr, "AdamW's highest rate for the token embedding and the PLE table",
        Between(0, 10));
  visit("warmup", s.warmup, "share of the budget in which the rate rises from 0", Share(0, 1));
  visit("final_lr", s.final_lr, "share of the highest rate at which the cosine ends", Share(0, 1));
  visit("beta1", s.beta1, "decay of the gradient's mean", Between(0, 0.9999));
  visit("beta2", s.beta2, "decay of the squared gradient's mean", Between(0, 0.999999));
  visit("eps", s.eps, "added to the root of the squared gradient's mean", Between(0, 1));
  visit("weight_decay", s.weight_decay, "weight decay of matrices; norms, scales and tables have none",
        Between(0, 10));
  visit("clip", s.clip, "limit for the norm of all gradients together; 0: no clipping", AtLeast(0));
}

template <class V>
void VisitFields(ComputeSection& s, V&& visit) {
  visit("dtype", s.dtype, "what products round their inputs to; weights, sums and norms stay float32",
        Rule());
  visit("threads", s.threads, "CPU threads; 0: all cores", Between(0, 1024));
}

template <class V>
void VisitFields(EvaluationSection& s, V&& visit) {
  visit("every_tokens", s.every_tokens,
        "tokens between two measurements on the validation split while training; 0: no measurements",
        AtLeast(0));
  visit("valid_tokens", s.valid_tokens,
        "whole documents of the validation split, up to this many tokens; 0: all", AtLeast(0));
  visit("split", s.split, "split of the final measurement", OneOf({"test", "valid"}));
  visit("context", s.context, "tokens that the final measurement may look back on", Between(2, 1 << 16));
  visit("max_tokens", s.max_tokens, "whole documents of that split, up to this many tokens; 0: all",
        AtLeast(0));
  visit("bootstrap", s.bootstrap, "resamples of documents for the 95 % intervals", Between(0, 1'000'000));
}

template <class V>
void VisitFields(OutputSection& s, V&& visit) {
  visit("folder", s.folder,
        "folder for the state that a stopped run resumes from; default .work/training/NAME_SEED", Rule());
  visit("checkpoint", s.checkpoint, "folder for the weights, as published; default FOLDER/checkpoint",
        Rule());
  visit("result", s.result, "result file with curves and accuracy; default results/training_NAME_SEED.h5",
        Rule());
  visit("save_every_s", s.save_every_s, "seconds between two saves of the state", AtLeast(0));
}

// Calls visit(key, section, help) in the order in which sections are printed.
template <class V>
void VisitSections(TrainingConfig& c, V&& visit) {
  visit("arm", c.arm, "which model");
  visit("tokens", c.tokens, "what a text model learns from (or give media)");
  visit("media", c.media, "what the towers of a multimodal model learn from (or give tokens)");
  visit("optimizer", c.optimizer, "AdamW with a linear warm-up, then a cosine");
  visit("compute", c.compute, "precision and threads");
  visit("evaluation", c.evaluation, "what is measured on held-out text");
  visit("output", c.output, "where the outputs go");
}

inline bool IsRequiredSection(std::string_view section) { return section == "arm"; }

}  // namespace plelab
