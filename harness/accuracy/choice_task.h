// Multiple choice in the shape of lm-evaluation-harness documents: what a model is asked, and how it did.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "harness/record/record.h"
#include "model/media/media_input.h"
#include "model/tokens/tokenizer.h"

namespace plelab {

struct ChoiceDocument {
  std::string context;               // may be empty; has a mark for each image and clip
  std::vector<std::string> choices;  // two and more
  int64_t gold = 0;                  // index of the right one
  MediaFiles media = {};             // what the context shows
  std::string origin = {};           // file:line, for errors
  bool HasMedia() const { return !media.images.empty() || !media.audio.empty(); }
};

struct ChoiceTask {
  std::string name;  // the file's stem
  std::vector<ChoiceDocument> documents;
};

// JSONL, one {"context": …, "choices": […], "gold": …} a line; other keys are left alone ("query" may stand
// for "context", "label" for "gold").  "images" and "audio" name files, relative to the JSONL's folder, that
// the context shows: where it says <image> and <audio>, else before it.  Throws UserError naming file and
// line, also for a file that is not there.
ChoiceTask ReadChoiceTask(const std::string& path);

// A context and one of its choices as a model reads them after bos.
struct ChoiceIds {
  std::vector<int64_t> ids;
  int64_t split = 0;  // where the choice begins; at least one id is the choice's
};
// Encoded together, joined by a space where neither brings one, and split where the context's own ids end:
// lm-evaluation-harness' rule, EleutherAI/lm-evaluation-harness lm_eval/api/task.py.  Throws UserError naming
// the document where the config lacks what it shows.
ChoiceIds EncodeChoice(const ChoiceDocument& document, int64_t choice, const Tokenizer& tokenizer,
                       const Gemma3nConfig& config);

// −ln p of each of `continuation` after bos and `context`, summed.
using ContinuationNats =
    std::function<double(std::span<const int64_t> context, std::span<const int64_t> continuation)>;

// How a model did on each document.
struct ChoiceScores {
  std::vector<double> acc;       // 1: the likeliest choice is the right one, else 0
  std::vector<double> acc_norm;  // 1: the likeliest per character is, else 0
  std::vector<double> nats;      // −ln p of the right choice
};
// Appends one document to `scores`.  Throws as EncodeChoice.
void ScoreDocument(const ChoiceDocument& document, const Tokenizer& tokenizer, const Gemma3nConfig& config,
                   const ContinuationNats& nats, ChoiceScores& scores);

// acc, acc_norm and their standard errors (acc_stderr, acc_norm_stderr), answer_nats (of the right choice);
// against `baseline` (may be null; same documents) delta_acc and delta_answer_nats, paired.  Intervals are
// ±1.96 standard errors.
std::vector<AccuracyRow> ChoiceRows(const std::string& variant, const ChoiceTask& task,
                                    const ChoiceScores& scores, const ChoiceScores* baseline = nullptr);

}  // namespace plelab
