// The subcommands of `plelab`, one file each.
#pragma once

#include <functional>
#include <memory>

namespace CLI {
class App;
}

namespace plelab {

// Each function adds its subcommand to `app`.  The subcommand's callback does the work and throws UserError
// (exit 2) or RunError (exit 1).
void AddListCommand(CLI::App& app);  // the experiments, strategies and shapes
void AddInspectCommand(CLI::App& app);
void AddSynthCommand(CLI::App& app);
void AddPackCommand(CLI::App& app);
void AddLayerErrorsCommand(CLI::App& app);
void AddLogitsCommand(CLI::App& app);
void AddGenerateCommand(CLI::App& app);
// Also adds the hidden `run-child`, which measures one (variant, rep) in a process of its own.
void AddRunCommand(CLI::App& app);
void AddTrainCommand(CLI::App& app);
void AddValidateCommand(CLI::App& app);
void AddRecordPeersCommand(CLI::App& app);   // hidden: scripts/peers call it
void AddMachineStateCommand(CLI::App& app);  // hidden, the same
void AddCompareCommand(CLI::App& app);
void AddLawCommand(CLI::App& app);

}  // namespace plelab
