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

int Fail(int code, const std::string& message) {
  std::cerr << ErrorLine(message) << "\n";
  return code;
}

int Dispatch(CLI::App& app, int argc, char** argv) {
  try {
    CheckSubcommand(app, argc, argv);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // --help
    return Fail(kMistake, Format("{}; --help lists what is known", error.what()));
  } catch (const UserError& error) {
    return Fail(kMistake, error.what());
  } catch (const std::exception& error) {
    return Fail(kFailed, MessageOf(error));
  }
  return kDone;
}

// What was printed counts only once it is written.
int WithOutputWritten(int code) {
  try {
    FlushStandardOutput();
  } catch (const RunError& error) {
    return Fail(code == kDone ? kFailed : code, error.what());
  }
  return code;
}

}  // namespace

int RunCommandLine(int argc, char** argv) {
  PrepareStandardStreams();
  CLI::App app{"PLE Lab: what are per-layer embeddings worth, and where should they live?", "plelab"};
  app.require_subcommand(1);
  app.footer("Exit codes: 0 done; 1 something failed or was interrupted; 2 a mistake in what was asked for.");
  AddListCommand(app);
  AddInspectCommand(app);
  AddSynthCommand(app);
  AddLogitsCommand(app);
  AddGenerateCommand(app);
  AddRunCommand(app);
  AddTrainCommand(app);
  AddValidateCommand(app);
  return WithOutputWritten(Dispatch(app, argc, argv));
}

}  // namespace plelab
