// Multiple choice in the shape of lm-evaluation-harness documents: what a model is asked, and how it did.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "harness/record.h"
#include "model/tokenizer.h"

namespace plelab {

struct ChoiceDocument {
  std::string context;               // may be empty
  std::vector<std::string> choices;  // two and more
  int64_t gold = 0;                  // index of the right one
};

struct ChoiceTask {
  std::string name;  // the file's stem
  std::vector<ChoiceDocument> documents;
};

// JSONL, one {"context": …, "choices": […], "gold": …} a line; other keys are left alone ("query" may stand
// for "context", "label" for "gold").  Throws UserError naming file and line.
ChoiceTask ReadChoiceTask(const std::string& path);

// −ln p of each of `continuation` after bos and `context`, summed.
using ContinuationNats =
    std::function<double(std::span<const int64_t> context, std::span<const int64_t> continuation)>;

// How a model did on each document, 1 or 0.
struct ChoiceScores {
  std::vector<double> acc;       // the likeliest choice is the right one
  std::vector<double> acc_norm;  // the likeliest per character is
};
// Context and choice are encoded together, joined by a space where neither brings one, and split where the
// context's own ids end: lm-evaluation-harness' rule, EleutherAI/lm-evaluation-harness lm_eval/api/task.py.
ChoiceScores ScoreChoices(const ChoiceTask& task, const Tokenizer& tokenizer, const ContinuationNats& nats);

// acc, acc_norm and their standard errors (acc_stderr, acc_norm_stderr), intervals of ±1.96 of these.
std::vector<AccuracyRow> ChoiceRows(const std::string& variant, const ChoiceTask& task,
                                    const ChoiceScores& scores);

}  // namespace plelab
