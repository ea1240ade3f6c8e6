// `plelab law`: what it would cost a step that its rows are read from a device.

#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/commands/commands.h"
#include "experiments/commands/law_questions.h"
#include "harness/support/message.h"
#include "harness/support/units.h"
#include "model/base/error.h"

namespace plelab {
namespace {

constexpr char kShippedConstants[] = "configs/law/constants.yaml";

nlohmann::ordered_json LawValueJson(const PredictedValue& value) {
  return {{"value", value.value}, {"low", value.low}, {"high", value.high}};
}

nlohmann::ordered_json LawCaseJson(const LawCase& c) {
  const PlacementPrediction& p = c.prediction;
  return {{"device", c.device.name},
          {"geometry", c.geometry.name},
          {"step_ms", c.step_ms},
          {"rows_per_token", c.geometry.rows_per_token()},
          {"row_bytes", c.geometry.table.row_bytes()},
          {"reads_per_step", p.reads_per_step},
          {"hit_rate", p.hit_rate},
          {"delta_ms", LawValueJson(p.delta_ms)},
          {"p99_delta_ms", LawValueJson(p.p99_delta_ms)},
          {"tokens_per_s", LawValueJson(p.tokens_per_s)},
          {"waiting_steps", p.waiting_steps}};
}

std::string LawJson(const std::vector<LawCase>& cases, const LawConstants& constants) {
  nlohmann::ordered_json json = {{"fitted_to", constants.fitted_to},
                                 {"cases", nlohmann::ordered_json::array()}};
  for (const LawCase& c : cases) json["cases"].push_back(LawCaseJson(c));
  return json.dump(2) + "\n";
}

// "0.123 [0.100, 0.150]", or only the value where no interval is known.
std::string WithInterval(const PredictedValue& value, int digits) {
  const std::string text = Format("{:.{}f}", value.value, digits);
  if (value.low == value.high) return text;
  return text + Format(" [{:.{}f}, {:.{}f}]", value.low, digits, value.high, digits);
}

std::string LawLine(const LawCase& c) {
  const PlacementPrediction& p = c.prediction;
  return Format("{:<10}{:>9g}{:>6}{:>9.1f}{:>8.1f}  {:<26}{:>7.2f}  {:<26}{:<22}{:>6.1f}\n", c.device.name,
                c.step_ms, c.geometry.rows_per_token(), p.reads_per_step, 100 * p.hit_rate,
                WithInterval(p.delta_ms, 3), 100 * p.delta_ms.value / c.step_ms,
                WithInterval(p.p99_delta_ms, 3), WithInterval(p.tokens_per_s, 1), 100 * p.waiting_steps);
}

std::string LawTable(const LawArguments& arguments, const std::vector<LawCase>& cases,
                     const LawConstants& constants) {
  const ReplayGeometry& geometry = cases.front().geometry;
  std::string text =
      Format("{}: rows of {} bytes, {}\n", geometry.name, geometry.table.row_bytes(),
             arguments.trace.empty() ? "none in memory" : "of the text " + Printable(arguments.trace));
  if (!geometry.assumed.empty()) text += Format("Assumed: {}\n", geometry.assumed);
  text +=
      constants.fitted_to.empty()
          ? "Waits for the device only: no constants of a machine were fitted, so no interval is known\n\n"
          : Format("Fitted to {}; intervals hold 90 % of the runs that were held out\n\n",
                   constants.fitted_to);
  text += Format("{:<10}{:>9}{:>6}{:>9}{:>8}  {:<26}{:>7}  {:<26}{:<22}{:>6}\n", "device", "step, ms", "rows",
                 "reads", "hits, %", "change of a step, ms", "%", "of its p99, ms", "tokens/s", "wait %");
  for (const LawCase& c : cases) text += LawLine(c);
  return text;
}

LawConstants LawConstantsOf(const LawArguments& arguments) {
  if (!arguments.constants.empty()) return ReadLawConstants(arguments.constants);
  return std::filesystem::exists(kShippedConstants) ? ReadLawConstants(kShippedConstants) : LawConstants();
}

void AnswerLaw(const LawArguments& arguments) {
  const LawConstants constants = LawConstantsOf(arguments);
  const std::vector<LawCase> cases = AskLaw(arguments, constants);
  std::cout << (arguments.json ? LawJson(cases, constants) : LawTable(arguments, cases, constants));
}

void AddLawQuestion(CLI::App& command, LawArguments& arguments) {
  const auto list = [&](const char* name, auto& values, const std::string& help) {
    return command.add_option(name, values, help)
        ->delimiter(',')
        ->expected(1)
        ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  };
  list("--device", arguments.devices,
       "Profiles, with commas: " + Join(DeviceProfileNames(), ", ") + ", or files")
      ->required();
  command.add_option("--geometry", arguments.geometry, "The table, as for plelab-replay")->required();
  list("--step-ms", arguments.step_ms, "What a step takes without PLE, with commas")->required();
  list("--rows-per-token", arguments.rows_per_token, "With commas; default: the table's own");
}

}  // namespace

void AddLawCommand(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("law", "Predicts what it costs a step that its rows are read from a storage device");
  auto arguments = std::make_shared<LawArguments>();
  AddLawQuestion(*command, *arguments);
  command->add_option("--trace", arguments->trace,
                      "Token ids of a text, whose rows repeat; default: every row is another one");
  command->add_option("--cache", arguments->cache,
                      "Memory for rows: 64MiB, 5%; needs --trace; default: none");
  command->add_option("--policy", arguments->policy, "Which rows leave it; default: lru");
  command->add_option("--queue-depth", arguments->queue_depth,
                      "Reads under way at most; 1: one after the other, as pread with a thread; default: 64");
  command->add_option("--pause-ms", arguments->pause_ms,
                      "Between two steps, while nothing is read; default: 0");
  command->add_option(
      "--constants", arguments->constants,
      std::string("What the machine adds, by scripts/law/fit.py; default: ") + kShippedConstants);
  command->add_option("--seed", arguments->seed, "Of the simulated latencies; default: 1");
  command->add_flag("--json", arguments->json, "print JSON, for programs");
  command->footer("The device's queue is simulated step by step (configs/devices/README.md, model/law/).");
  command->callback([arguments] { AnswerLaw(*arguments); });
}

}  // namespace plelab
