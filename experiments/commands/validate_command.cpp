// `plelab validate`: whether files are results, and whether what they say agrees with itself.

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "experiments/commands/commands.h"
#include "harness/record/recorder.h"
#include "harness/results/result_problems.h"
#include "harness/support/message.h"
#include "model/base/error.h"

namespace plelab {
namespace {

// The exit codes, the worst last.
enum class FileState { kValid, kInconsistent, kForeign };

struct Finding {
  FileState state = FileState::kValid;
  std::string line;  // of a file that is not valid: how many problems, or what is wrong with it
};

std::string Summary(const Record& record) {
  return Format("{} variants, {} repetitions, {} steps, {} memory readings, {} accuracy values, {} curves",
                record.variants.size(), record.reps.size(), record.steps.size(), record.memory.size(),
                record.accuracy.size(), record.curves.size() + (record.contribution.empty() ? 0 : 1));
}

Finding Report(const std::string& path, FileState state, const std::vector<std::string>& problems) {
  for (const std::string& problem : problems) std::cout << ErrorLine(path + ": " + problem) << "\n";
  const char* noun = problems.size() == 1 ? "problem" : "problems";
  return {state, Format("{}: {} {} found", path, problems.size(), noun)};
}

Finding Validate(const std::string& path) {
  try {
    const std::vector<std::string> foreign = SchemaProblems(path);
    if (!foreign.empty()) return Report(path, FileState::kForeign, foreign);
    const Record record = ReadRecord(path);
    const std::vector<std::string> problems = RecordProblems(record);
    if (!problems.empty()) return Report(path, FileState::kInconsistent, problems);
    std::cout << Printable(path) << ": valid: " << Summary(record) << "\n";
    return {};
  } catch (const UserError& error) {
    return {FileState::kForeign, error.what()};
  }
}

// All files are looked at before the worst decides.
void ValidateAll(const std::vector<std::string>& paths) {
  Finding worst;
  size_t bad = 0;
  for (const std::string& path : paths) {
    const Finding finding = Validate(path);
    if (finding.state == FileState::kValid) continue;
    ++bad;
    if (paths.size() > 1) std::cout << ErrorLine(finding.line) << "\n";
    if (finding.state > worst.state) worst = finding;
  }
  if (bad == 0) return;
  const std::string line = paths.size() == 1 ? worst.line
                                             : Format("{} of {} files are not valid; the worst: {}", bad,
                                                      paths.size(), worst.line);
  if (worst.state == FileState::kForeign) throw UserError("{}", line);
  throw RunError("{}", line);
}

}  // namespace

void AddValidateCommand(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("validate", "Check result files against the schema (results/README.md)");
  auto paths = std::make_shared<std::vector<std::string>>();
  command->add_option("FILES", *paths, "results: A.h5 …")->required()->type_name("F.h5");
  command->footer(
      "Exit codes: 0 valid, also where a control failed and the file says so; 1 inconsistent: its rows do "
      "not "
      "agree with each other; 2 damaged, or no result.  Of several files the worst decides.");
  command->callback([paths] { ValidateAll(*paths); });
}

}  // namespace plelab
