// plelab: the command line.  Exit codes: 0 done, 1 something failed, 2 the user's mistake (one line).
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>

#include "experiments/commands/commands.h"
#include "model/base/error.h"

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
