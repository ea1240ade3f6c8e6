// The keys of a training config, each written once (as harness/config_fields.h does for experiments).
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
  visit("name", s.name, "what is trained; the run is called NAME_SEED", Required());
  visit("seed", s.seed, "of the first weights and of the order of documents", AtLeast(0));
  visit("shape", s.shape, "small, or the path of a config.json", Required());
  visit("change", s.change,
        "keys of the shape with another value, such as hidden_size=320; a number stands for each entry of a "
        "list",
        Rule());
  visit("ple", s.ple,
        "layers that get per-layer embeddings: all, none, first_third, last_third, or all from one shared "
        "table",
        Rule());
  visit(
      "start", s.start,
      "folder of a trained checkpoint of the same shape whose weights it starts from; what the arm does not "
      "have is dropped; empty: random weights",
      Rule());
}

template <class V>
void VisitFields(TokensSection& s, V&& visit) {
  visit("folder", s.folder, "train.bin, valid.bin, test.bin and meta.json (scripts/corpus/make_tokens.py)",
        Required());
  visit("budget", s.budget, "tokens that are learned from, over all epochs",
        Rule{.required = true, .min = 1});
  visit("context", s.context, "tokens of one window, each starting with bos", Between(2, 1 << 16));
  visit("batch", s.batch, "windows of one step", Between(1, 1 << 16));
}

template <class V>
void VisitFields(MediaSection& s, V&& visit) {
  visit("documents", s.documents,
        "JSONL of multiple-choice documents with images or audio (scripts/corpus/make_digits.py); the right "
        "choice is "
        "learned",
        Required());
  visit("examples", s.examples, "documents that are learned from, over all epochs",
        Rule{.required = true, .min = 1});
  visit("batch", s.batch, "documents of one step", Between(1, 4096));
  visit("text_lr", s.text_lr,
        "AdamW's rate for the text model at its highest, tables included; 0: it stays as it is",
        Between(0, 10));
  visit("learn_row_zero", s.learn_row_zero,
        "true: row 0 of the PLE table, which soft tokens read, is learned at table_lr; false (the "
        "reference): it stays "
        "as it is",
        Rule());
}

template <class V>
void VisitFields(OptimizerSection& s, V&& visit) {
  visit("lr", s.lr, "AdamW's rate for matrices and norms, at its highest", Between(0, 10));
  visit("table_lr", s.table_lr, "the same for the token embedding and the PLE table", Between(0, 10));
  visit("warmup", s.warmup, "share of the budget in which the rate rises from 0", Share(0, 1));
  visit("final_lr", s.final_lr, "share of the rate that the cosine ends at", Share(0, 1));
  visit("beta1", s.beta1, "decay of the gradient's mean", Between(0, 0.9999));
  visit("beta2", s.beta2, "decay of the gradient's square", Between(0, 0.999999));
  visit("eps", s.eps, "added to the root of the square", Between(0, 1));
  visit("weight_decay", s.weight_decay, "of matrices; norms, scales and tables have none", Between(0, 10));
  visit("clip", s.clip, "largest norm of all gradients together; 0: none", AtLeast(0));
}

template <class V>
void VisitFields(ComputeSection& s, V&& visit) {
  visit("dtype", s.dtype, "what products round their inputs to; weights, sums and norms stay float32",
        Rule());
  visit("threads", s.threads, "CPU threads; 0: all cores", Between(0, 1024));
}

template <class V>
void VisitFields(EvaluationSection& s, V&& visit) {
  visit("every_tokens", s.every_tokens, "measure on the validation split so often while training; 0: never",
        AtLeast(0));
  visit("valid_tokens", s.valid_tokens,
        "whole documents of the validation split until so many tokens; 0: all", AtLeast(0));
  visit("split", s.split, "what the last measurement is on", OneOf({"test", "valid"}));
  visit("context", s.context, "tokens that the last measurement may look back on", Between(2, 1 << 16));
  visit("max_tokens", s.max_tokens, "whole documents of that split until so many tokens; 0: all", AtLeast(0));
  visit("bootstrap", s.bootstrap, "resamples of documents for the 95 % intervals", Between(0, 1'000'000));
}

template <class V>
void VisitFields(OutputSection& s, V&& visit) {
  visit("folder", s.folder, "state to go on from; default .work/training/NAME_SEED", Rule());
  visit("checkpoint", s.checkpoint, "folder for the weights, as published; default FOLDER/checkpoint",
        Rule());
  visit("result", s.result, "curves and accuracy; default results/training_NAME_SEED.h5", Rule());
  visit("save_every_s", s.save_every_s, "seconds between two savings of the state", AtLeast(0));
}

// visit(key, section, help), in the order in which they are printed.
template <class V>
void VisitSections(TrainingConfig& c, V&& visit) {
  visit("arm", c.arm, "which model");
  visit("tokens", c.tokens, "what a text model learns from (or give media)");
  visit("media", c.media, "what the towers of a multimodal model learn from (or give tokens)");
  visit("optimizer", c.optimizer, "AdamW with warm-up and cosine");
  visit("compute", c.compute, "precision and threads");
  visit("evaluation", c.evaluation, "what is measured on held-out text");
  visit("output", c.output, "where it goes");
}

inline bool IsRequiredSection(std::string_view section) { return section == "arm"; }

}  // namespace plelab
