// Multiple-choice documents in the form of lm-evaluation-harness: what a model is asked, and how it scored.
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
  std::vector<std::string> choices;  // two or more
  int64_t gold = 0;                  // index of the right choice
  MediaFiles media = {};             // what the context shows
  std::string origin = {};           // file:line, for errors
  bool HasMedia() const { return !media.images.empty() || !media.audio.empty(); }
};

struct ChoiceTask {
  std::string name;  // the file's stem
  std::vector<ChoiceDocument> documents;
};

// Reads JSONL with one {"context": …, "choices": […], "gold": …} per line.  Other keys are ignored ("query"
// may replace "context", and "label" may replace "gold"). "images" and "audio" name files, relative to the
// JSONL's folder, that the context shows where it has <image> and <audio>, else before it.  Throws UserError
// naming file and line, also for a file that does not exist.
ChoiceTask ReadChoiceTask(const std::string& path);

// The documents whose context begins with a bos of its own, which EncodeChoice leaves out.
int64_t DocumentsWithBos(const ChoiceTask& task, const Tokenizer& tokenizer);

// The names of those of the tasks at `paths` that show images or play audio, as a JSON array.  Throws as
// ReadChoiceTask does.
std::string MediaTasks(const std::vector<std::string>& paths);

// A context and one of its choices as the ids that a model reads after bos; `choice` is its index.
struct ChoiceIds {
  std::vector<int64_t> ids;
  int64_t split = 0;  // where the choice begins; it has at least one id
};
// The rule of lm-evaluation-harness (EleutherAI/lm-evaluation-harness 0.4.13): context and choice are joined
// by a space if neither brings white space (lm_eval/api/utils.py, maybe_delimit); white space at the end of
// the context belongs to the choice; both are encoded together, and the choice is what comes after as many
// ids as the context alone has (lm_eval/api/model.py, _encode_pair).  A bos that the document spells is the
// one before the context.  Throws UserError naming the document when the config lacks what it shows, and when
// the choice adds no id.
ChoiceIds EncodeChoice(const ChoiceDocument& document, int64_t choice, const Tokenizer& tokenizer,
                       const Gemma3nConfig& config);

// Returns the sum of −ln p over the ids of `continuation`, after bos and `context`.
using ContinuationNats =
    std::function<double(std::span<const int64_t> context, std::span<const int64_t> continuation)>;

// How a model scored on each document.
struct ChoiceScores {
  std::vector<double> acc;       // 1 if the likeliest choice is the right one, else 0
  std::vector<double> acc_norm;  // 1 if the likeliest choice per character is the right one, else 0
  std::vector<double> nats;      // −ln p of the right choice
};
// Appends one document's scores to `scores`.  Throws as EncodeChoice does.
void ScoreDocument(const ChoiceDocument& document, const Tokenizer& tokenizer, const Gemma3nConfig& config,
                   const ContinuationNats& nats, ChoiceScores& scores);

// Rows for acc, acc_norm, their standard errors (acc_stderr, acc_norm_stderr) and answer_nats (of the right
// choice).  Compared with `baseline` (the same documents; may be nullptr): delta_acc and delta_answer_nats,
// both paired.  Shares have Wilson's intervals and answer_nats one on a log scale, because neither may pass
// its limits; intervals of differences are ±1.96 standard errors.
std::vector<AccuracyRow> ChoiceRows(const std::string& variant, const ChoiceTask& task,
                                    const ChoiceScores& scores, const ChoiceScores* baseline = nullptr);

}  // namespace plelab
