// The sub-commands of `plelab`, one file each; each adds itself to the command line.
#pragma once

#include <functional>
#include <memory>

namespace CLI {
class App;
}

namespace plelab {

// Adds the sub-command to `app`; its callback does the work and throws UserError (exit 2) or RunError (exit
// 1).
void AddListCommand(CLI::App& app);  // commands/list: experiments, strategies, shapes
void AddInspectCommand(CLI::App& app);
void AddSynthCommand(CLI::App& app);
void AddLogitsCommand(CLI::App& app);
void AddGenerateCommand(CLI::App& app);
void AddRunCommand(
    CLI::App& app);  // and the hidden `run-child` that measures one (variant, rep) in its own process
void AddTrainCommand(CLI::App& app);
void AddValidateCommand(CLI::App& app);

}  // namespace plelab
