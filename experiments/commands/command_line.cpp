#include "experiments/commands/command_line.h"

#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/commands/commands.h"
#include "harness/support/message.h"
#include "harness/support/standard_streams.h"
#include "model/base/error.h"
#include "model/base/nearest_word.h"

namespace plelab {
namespace {

constexpr int kDone = 0, kFailed = 1, kMistake = 2;

// CLI11 only says that an argument was not expected.
void CheckSubcommand(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) names.push_back(command->get_name());  // an empty group is hidden
    if (command->get_name() == argv[1]) return;
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  throw UserError("plelab: unknown subcommand '{}'; known: {}{}", argv[1], Join(known, ", "),
                  DidYouMean(argv[1], known));
}

// CLI11 names what it did not expect, without what was meant.
void CheckOptions(const CLI::App& app) {
  for (const CLI::App* command : app.get_subcommands()) {
    std::vector<std::string> names;
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    for (const std::string& left : command->remaining()) {
      if (!left.starts_with("--") || left == "--") continue;
      const std::string word = left.substr(0, left.find('='));
      throw UserError("plelab {}: unknown option '{}'{}; plelab {} --help lists them", command->get_name(),
                      word, DidYouMean(word, known), command->get_name());
    }
  }
}

int Fail(int code, const std::string& message) {
  std::cerr << ErrorLine(message) << "\n";
  return code;
}

int FailToParse(const CLI::App& app, const CLI::ParseError& error) {
  try {
    CheckOptions(app);
  } catch (const UserError& unknown) {
    return Fail(kMistake, unknown.what());
  }
  return Fail(kMistake, Format("{}; --help lists what is known", error.what()));
}

int Dispatch(CLI::App& app, int argc, char** argv) {
  try {
    CheckSubcommand(app, argc, argv);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    return FailToParse(app, error);
  } catch (const std::exception& error) {
    return Fail(IsMistake(error) ? kMistake : kFailed, MessageOf(error));
  }
  return kDone;
}

// What was printed counts only once it is written.
int WithOutputWritten(int code) {
  try {
    FlushStandardOutput();
  } catch (const RunError& error) {
    if (code == kDone) return Fail(kFailed, error.what());  // otherwise the reason was printed already
  }
  return code;
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  PrepareStandardStreams();
  CLI::App app{"PLE Lab: what are per-layer embeddings worth, and where should they live?", "plelab"};
  app.require_subcommand(1);
  app.footer(
      "Exit codes: 0 done; 1 something failed or was interrupted; 2 a mistake in what was asked for.  "
      "validate: "
      "1 an inconsistent file, 2 a damaged or foreign one.  compare: 1 slower than --fail-if-slower, 2 "
      "refused.");
  AddListCommand(app);
  AddInspectCommand(app);
  AddSynthCommand(app);
  AddPackCommand(app);
  AddLayerErrorsCommand(app);
  AddLogitsCommand(app);
  AddGenerateCommand(app);
  AddRunCommand(app);
  AddTrainCommand(app);
  AddValidateCommand(app);
  AddRecordPeersCommand(app);
  AddMachineStateCommand(app);
  AddCompareCommand(app);
  AddLawCommand(app);
  return WithOutputWritten(Dispatch(app, argc, argv));
}

}  // namespace plelab
