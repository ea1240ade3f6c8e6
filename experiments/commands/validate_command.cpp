#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>

#include "experiments/commands/commands.h"
#include "harness/cold/cold_record_check.h"
#include "harness/measure/comparison_check.h"
#include "harness/record/recorder.h"
#include "harness/support/message.h"
#include "model/base/error.h"

namespace plelab {
namespace {

std::string Summary(const Record& record) {
  return Format("{} variants, {} repetitions, {} steps, {} memory readings, {} accuracy values, {} curves",
                record.variants.size(), record.reps.size(), record.steps.size(), record.memory.size(),
                record.accuracy.size(), record.curves.size() + (record.contribution.empty() ? 0 : 1));
}

void Validate(const std::string& path) {
  auto problems = ValidateRecord(path);
  if (problems.empty()) {
    const Record record = ReadRecord(path);
    problems = ComparisonProblems(record);
    for (std::string& problem : ColdProblems(record)) problems.push_back(std::move(problem));
    if (problems.empty()) {
      std::cout << Printable(path) << ": valid: " << Summary(record) << "\n";
      return;
    }
  }
  for (const std::string& problem : problems) std::cout << ErrorLine(path + ": " + problem) << "\n";
  throw RunError("{}: {} {} found", path, problems.size(), problems.size() == 1 ? "problem" : "problems");
}

}  // namespace

void AddValidateCommand(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("validate", "Check a result file against the schema (results/README.md)");
  auto path = std::make_shared<std::string>();
  command->add_option("FILE", *path, "a result: F.h5")->required();
  command->callback([path] { Validate(*path); });
}

}  // namespace plelab
