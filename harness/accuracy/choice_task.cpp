#include "harness/accuracy/choice_task.h"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>
#include <string_view>

#include "harness/statistics/bounded.h"
#include "harness/support/statistics.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/json_object.h"
#include "model/tokens/text_encoding.h"
#include "model/tokens/white_space.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

constexpr double kNormal95 = 1.96;

std::string Either(const JsonObject& json, const char* key, const char* other) {
  return json.Has(key) || !json.Has(other) ? key : other;
}

// The files that `key` lists (it may be absent), as paths relative to the working directory.
std::vector<std::string> ReadPaths(const JsonObject& json, const char* key, const fs::path& folder) {
  if (!json.Has(key)) return {};
  std::vector<std::string> paths;
  for (const std::string& name : json.Strings(key)) {
    const fs::path path = folder / name;
    RefuseSpecialInput(path.string());
    if (!fs::is_regular_file(path)) {
      throw UserError("{}: '{}': no file {}; paths are relative to the folder of the JSONL file",
                      json.origin(), key, path.string());
    }
    paths.push_back(path.string());
  }
  return paths;
}

// Runs `action` and puts the document's place in front of its UserErrors.
template <class F>
auto AtDocument(const std::string& origin, F action) {
  try {
    return action();
  } catch (const UserError& error) {
    throw UserError("{}: {}", origin, error.what());
  }
}

ChoiceDocument ReadDocument(const std::string& line, const fs::path& folder, const std::string& origin) {
  const JsonObject json = JsonObject::Parse(line, origin);
  ChoiceDocument document;
  document.origin = origin;
  document.context = json.String(Either(json, "context", "query"));
  document.choices = json.Strings("choices");
  if (document.choices.size() < 2) {
    throw UserError("{}: 'choices': expected two and more, found {}", origin, document.choices.size());
  }
  for (const std::string& choice : document.choices) {
    if (choice.empty()) throw UserError("{}: 'choices': expected text, found an empty choice", origin);
  }
  document.gold = json.Integer(Either(json, "gold", "label"), 0, std::ssize(document.choices) - 1);
  document.media.images = ReadPaths(json, "images", folder);
  document.media.audio = ReadPaths(json, "audio", folder);
  if (document.HasMedia()) {
    document.context =
        AtDocument(origin, [&] { return PlaceMedia(document.context, document.media.count(), false); });
  }
  return document;
}

// The number of characters as Python counts them: bytes that do not continue a character.
int64_t Characters(const std::string& text) {
  return std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

// The rule of lm_eval/api/utils.py, maybe_delimit.
std::string_view Delimiter(const std::string& context, const std::string& choice) {
  const bool is_joined =
      context.empty() || !TrailingWhiteSpace(context).empty() || BeginsWithWhiteSpace(choice);
  return is_joined ? "" : " ";
}

AccuracyRow Row(const std::string& variant, const ChoiceTask& task, const std::string& metric,
                const Interval& x) {
  return {variant, task.name, metric, x.value, x.low, x.high, std::ssize(task.documents)};
}

// The standard error of the mean with n − 1 in the denominator, as in lm-evaluation-harness.
double StandardError(std::span<const double> x) {
  const auto n = static_cast<double>(x.size());
  const double mean = Mean(x);
  double squares = 0;
  for (const double value : x) squares += (value - mean) * (value - mean);
  return n < 2 ? kNotMeasured : std::sqrt(squares / (n - 1) / n);
}

Interval ShareOf(std::span<const double> right) { return WilsonInterval(Mean(right), std::ssize(right)); }

// The mean over documents of x − y.
AccuracyRow DifferenceRow(const std::string& variant, const ChoiceTask& task, const std::string& metric,
                          std::vector<double> x, const std::vector<double>& y) {
  for (size_t i = 0; i < y.size(); ++i) x[i] -= y[i];
  const double mean = Mean(x), half = kNormal95 * StandardError(x);
  return Row(variant, task, metric, {mean, mean - half, mean + half});
}

}  // namespace

ChoiceTask ReadChoiceTask(const std::string& path) {
  RefuseSpecialInput(path);
  std::ifstream file(path);
  if (!file || fs::is_directory(path)) {
    throw UserError("{}: cannot be read; expected a JSONL file of multiple-choice documents", path);
  }
  std::stringstream lines;
  lines << file.rdbuf();
  RequireUtf8(lines.view(), path, "JSON is UTF-8: convert the file (iconv -f ENCODING -t UTF-8)");
  ChoiceTask task{fs::path(path).stem().string(), {}};
  const fs::path folder = fs::path(path).parent_path();
  std::string line;
  for (int64_t number = 1; std::getline(lines, line); ++number) {
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    task.documents.push_back(ReadDocument(line, folder, Format("{}:{}", path, number)));
  }
  if (task.documents.empty()) throw UserError("{}: holds no document", path);
  return task;
}

std::string MediaTasks(const std::vector<std::string>& paths) {
  nlohmann::json names = nlohmann::json::array();
  for (const std::string& path : paths) {
    const ChoiceTask task = ReadChoiceTask(path);
    if (std::ranges::any_of(task.documents, &ChoiceDocument::HasMedia)) names.push_back(task.name);
  }
  return names.dump();
}

int64_t DocumentsWithBos(const ChoiceTask& task, const Tokenizer& tokenizer) {
  return std::ranges::count_if(task.documents, [&](const ChoiceDocument& document) {
    std::vector<int64_t> ids = tokenizer.Encode(document.context);
    return DropBos(ids, tokenizer.bos());
  });
}

ChoiceIds EncodeChoice(const ChoiceDocument& document, int64_t choice, const Tokenizer& tokenizer,
                       const Gemma3nConfig& config) {
  const std::string& text = document.choices[choice];
  const auto encode = [&](const std::string& whole) {
    std::vector<int64_t> ids = AtDocument(
        document.origin, [&] { return EncodeWithMedia(tokenizer, config, whole, document.media.count()); });
    DropBos(ids, tokenizer.bos());
    return ids;
  };
  ChoiceIds encoded;
  encoded.ids = encode(document.context + std::string(Delimiter(document.context, text)) + text);
  const size_t moved = TrailingWhiteSpace(document.context).size();
  encoded.split = std::ssize(encode(document.context.substr(0, document.context.size() - moved)));
  if (encoded.split < std::ssize(encoded.ids)) return encoded;
  throw UserError("{}: choice {} adds no token to the {} of its context, so nothing can be scored; reword it",
                  document.origin, choice, encoded.split);
}

void ScoreDocument(const ChoiceDocument& document, const Tokenizer& tokenizer, const Gemma3nConfig& config,
                   const ContinuationNats& nats, ChoiceScores& scores) {
  double least = std::numeric_limits<double>::infinity(), least_norm = least, gold = 0;
  int64_t best = -1, best_norm = -1;
  for (int64_t i = 0; i < std::ssize(document.choices); ++i) {
    const auto [ids, split] = EncodeChoice(document, i, tokenizer, config);
    const double value = nats(std::span(ids).first(split), std::span(ids).subspan(split));
    const double norm = value / static_cast<double>(std::max<int64_t>(Characters(document.choices[i]), 1));
    if (value < least) least = value, best = i;
    if (norm < least_norm) least_norm = norm, best_norm = i;
    if (i == document.gold) gold = value;
  }
  scores.acc.push_back(best == document.gold ? 1 : 0);
  scores.acc_norm.push_back(best_norm == document.gold ? 1 : 0);
  scores.nats.push_back(gold);
}

std::vector<AccuracyRow> ChoiceRows(const std::string& variant, const ChoiceTask& task,
                                    const ChoiceScores& scores, const ChoiceScores* baseline) {
  const double acc = StandardError(scores.acc), norm = StandardError(scores.acc_norm);
  std::vector<AccuracyRow> rows = {
      Row(variant, task, "acc", ShareOf(scores.acc)), Row(variant, task, "acc_stderr", {acc, acc, acc}),
      Row(variant, task, "acc_norm", ShareOf(scores.acc_norm)),
      Row(variant, task, "acc_norm_stderr", {norm, norm, norm}),
      Row(variant, task, "answer_nats",
          LogInterval(Mean(scores.nats), kNormal95 * StandardError(scores.nats)))};
  if (baseline == nullptr) return rows;
  rows.push_back(DifferenceRow(variant, task, "delta_acc", scores.acc, baseline->acc));
  rows.push_back(DifferenceRow(variant, task, "delta_answer_nats", scores.nats, baseline->nats));
  return rows;
}

}  // namespace plelab
