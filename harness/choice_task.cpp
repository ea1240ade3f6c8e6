#include "harness/choice_task.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>

#include "harness/statistics.h"
#include "model/io/error.h"
#include "model/json_object.h"

namespace plelab {
namespace {

constexpr double kNormal95 = 1.96;

std::string Either(const JsonObject& json, const char* key, const char* other) {
  return json.Has(key) || !json.Has(other) ? key : other;
}

ChoiceDocument ReadDocument(const std::string& line, const std::string& origin) {
  const JsonObject json = JsonObject::Parse(line, origin);
  ChoiceDocument document;
  document.context = json.String(Either(json, "context", "query"));
  document.choices = json.Strings("choices");
  if (document.choices.size() < 2) {
    throw UserError("{}: 'choices': expected two and more, found {}", origin, document.choices.size());
  }
  for (const std::string& choice : document.choices) {
    if (choice.empty()) throw UserError("{}: 'choices': expected text, found an empty choice", origin);
  }
  document.gold = json.Integer(Either(json, "gold", "label"), 0, std::ssize(document.choices) - 1);
  return document;
}

// Characters, as Python counts them: bytes that do not continue one.
int64_t Characters(const std::string& text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

bool IsJoined(const ChoiceDocument& document, const std::string& choice) {
  const bool ends =
      document.context.empty() || std::isspace(static_cast<unsigned char>(document.context.back()));
  return ends || (!choice.empty() && std::isspace(static_cast<unsigned char>(choice.front())));
}

// Nats of a choice after its context.
double NatsOf(const ChoiceDocument& document, const std::string& choice, const Tokenizer& tokenizer,
              const ContinuationNats& nats) {
  const std::string whole = document.context + (IsJoined(document, choice) ? "" : " ") + choice;
  const std::vector<int64_t> ids = tokenizer.Encode(whole), context = tokenizer.Encode(document.context);
  // A piece may span the joint: what the two have in common is the context.
  const auto common = std::ranges::mismatch(ids, context).in1 - ids.begin();
  const auto split = std::min<int64_t>(common, std::ssize(ids) - 1);
  return nats(std::span(ids).first(split), std::span(ids).subspan(split));
}

AccuracyRow Row(const std::string& variant, const ChoiceTask& task, const std::string& metric, double value,
                double half_width) {
  return {
      variant, task.name, metric, value, value - half_width, value + half_width, std::ssize(task.documents)};
}

// Of the mean, with n − 1 below: as lm-evaluation-harness has it.
double StandardError(std::span<const double> x) {
  const auto n = static_cast<double>(x.size());
  const double mean = Mean(x);
  double squares = 0;
  for (const double value : x) squares += (value - mean) * (value - mean);
  return n < 2 ? kNotMeasured : std::sqrt(squares / (n - 1) / n);
}

}  // namespace

ChoiceTask ReadChoiceTask(const std::string& path) {
  std::ifstream file(path);
  if (!file || std::filesystem::is_directory(path)) {
    throw UserError("{}: cannot be read; expected a JSONL file of multiple-choice documents", path);
  }
  ChoiceTask task{std::filesystem::path(path).stem().string(), {}};
  std::string line;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    task.documents.push_back(ReadDocument(line, fmt::format("{}:{}", path, number)));
  }
  if (task.documents.empty()) throw UserError("{}: holds no document", path);
  return task;
}

ChoiceScores ScoreChoices(const ChoiceTask& task, const Tokenizer& tokenizer, const ContinuationNats& nats) {
  ChoiceScores scores;
  for (const ChoiceDocument& document : task.documents) {
    double least = std::numeric_limits<double>::infinity(), least_norm = least;
    int64_t best = -1, best_norm = -1;
    for (int64_t i = 0; i < std::ssize(document.choices); ++i) {
      const std::string& choice = document.choices[i];
      const double value = NatsOf(document, choice, tokenizer, nats);
      const double norm = value / static_cast<double>(std::max<int64_t>(Characters(choice), 1));
      if (value < least) least = value, best = i;
      if (norm < least_norm) least_norm = norm, best_norm = i;
    }
    scores.acc.push_back(best == document.gold ? 1 : 0);
    scores.acc_norm.push_back(best_norm == document.gold ? 1 : 0);
  }
  return scores;
}

std::vector<AccuracyRow> ChoiceRows(const std::string& variant, const ChoiceTask& task,
                                    const ChoiceScores& scores) {
  const double acc = StandardError(scores.acc), norm = StandardError(scores.acc_norm);
  return {Row(variant, task, "acc", Mean(scores.acc), kNormal95 * acc),
          Row(variant, task, "acc_stderr", acc, 0),
          Row(variant, task, "acc_norm", Mean(scores.acc_norm), kNormal95 * norm),
          Row(variant, task, "acc_norm_stderr", norm, 0)};
}

}  // namespace plelab
