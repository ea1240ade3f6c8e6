// How well a trainee predicts held-out documents.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "harness/record/record.h"
#include "harness/training/token_split.h"
#include "model/training/text_trainee.h"

namespace plelab {

// Sums over tokens that occur 2^k … 2^(k+1) − 1 times in the training text, where k is the index.
struct FrequencyBins {
  std::vector<double> nats;
  std::vector<int64_t> tokens;
};

struct SplitScore {
  std::vector<double> document_nats;     // [documents scored] sum over the document's tokens without bos
  std::vector<int64_t> document_tokens;  // [documents scored] tokens summed
  // By the token that is read (whose PLE row it is), and by the token that is predicted.
  FrequencyBins by_input, by_target;
  double nats_per_token() const;
};

struct ScoreOptions {
  int64_t documents = 0;  // score the first so many
  int64_t context = 512;  // a token is predicted from at least half as many before it, if there are
  int64_t batch = 16;     // windows at a time
};

// Scores document by document.  Windows overlap by half, and each begins with bos.  `counts` [vocab] are
// occurrences in the training text.
SplitScore ScoreSplit(const TextTrainee& trainee, const TokenSplit& split, const ScoreOptions& options,
                      std::span<const int64_t> counts);

// How often each id occurs, [vocab_size].
std::vector<int64_t> CountIds(const TokenSplit& split, int64_t vocab_size);

// nats_per_token and bits_per_byte over all documents, and bits_per_byte by domain (task "test/code"), with
// 95 % intervals from documents drawn with replacement.
std::vector<AccuracyRow> ScoreRows(const std::string& variant, const std::string& task,
                                   const SplitScore& score, const TokenSplit& split, int64_t resamples);
// /curves/document_nats and /curves/loss_by_frequency.
std::vector<Curve> ScoreCurves(const std::string& variant, const SplitScore& score, const TokenSplit& split);

}  // namespace plelab
