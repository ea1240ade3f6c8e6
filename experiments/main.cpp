// plelab: the command line.  Exit codes: 0 done, 1 something failed, 2 the user's mistake (one line).
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <string>
#include <string_view>
#include <vector>

#include "experiments/commands/commands.h"
#include "model/base/error.h"
#include "model/base/nearest_word.h"

namespace {

// CLI11 only says that an argument was not expected.
void CheckSubcommand(const CLI::App& app, int argc, char** argv) {
  if (argc < 2 || argv[1][0] == '-') return;
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_group().empty()) names.push_back(command->get_name());  // an empty group is hidden
    if (command->get_name() == argv[1]) return;
  }
  const std::vector<std::string_view> known(names.begin(), names.end());
  throw plelab::UserError("plelab: unknown subcommand '{}'; known: {}{}", argv[1], plelab::Join(known, ", "),
                          plelab::DidYouMean(argv[1], known));
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app{"PLE Lab: what are per-layer embeddings worth, and where should they live?", "plelab"};
  app.require_subcommand(1);
  plelab::AddListCommand(app);
  plelab::AddInspectCommand(app);
  plelab::AddSynthCommand(app);
  plelab::AddLogitsCommand(app);
  plelab::AddGenerateCommand(app);
  plelab::AddRunCommand(app);
  plelab::AddTrainCommand(app);
  plelab::AddValidateCommand(app);
  try {
    CheckSubcommand(app, argc, argv);
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : 2;
  } catch (const plelab::UserError& error) {
    std::cerr << error.what() << "\n";
    return 2;
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
