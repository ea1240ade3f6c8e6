// `plelab machine-state`, hidden: how busy this machine has been since it started and what its memory gives
// now.  Scripts of scripts/peers ask before and after what they time, so that all results say it alike.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>

#include "experiments/commands/commands.h"
#include "harness/machine/bandwidth.h"
#include "harness/machine/machine_state.h"

namespace plelab {
namespace {

nlohmann::json StateNow() {
  const MachineState state = ReadMachineState();
  return {{"steal_ns", state.steal_ns},
          {"cpu_pressure_us", state.psi_cpu_us}};  // null where it is unreadable
}

// The bandwidth is measured between two looks at the state, so that measuring it is in nobody's account.
void PrintMachineState(int64_t threads) {
  nlohmann::json printed = {{"before", StateNow()}};
  printed["read_bandwidth"] = MeasureReadBandwidth(threads);
  printed["after"] = StateNow();
  std::cout << printed.dump() << "\n";
}

}  // namespace

void AddMachineStateCommand(CLI::App& app) {
  CLI::App* command = app.add_subcommand("machine-state", "Prints JSON: steal, pressure, GB/s")->group("");
  auto threads = std::make_shared<int64_t>(0);
  command->add_option("--threads", *threads, "of the read loop; 0: one for each core")
      ->check(CLI::NonNegativeNumber);
  command->callback([threads] { PrintMachineState(*threads); });
}

}  // namespace plelab
