// The state of the machine around a repetition: clock, temperature, pressure, energy.
#pragma once

#include <cstdint>

namespace plelab {

struct MachineState {
  double cpu_mhz = 0;        // mean over the cores now; NaN when unreadable
  double temperature_c = 0;  // hottest sensor now; NaN when unreadable
  int64_t steal_ns = 0;      // cumulative, all cores: time that the hypervisor ran something else
  double psi_memory_us = 0;  // cumulative, whole machine: time that some task stalled; NaN when unreadable
  double psi_io_us = 0;      // cumulative, as above
  double energy_j = 0;       // cumulative, all packages; NaN when unreadable
  double psi_cpu_us = 0;     // cumulative, as psi_memory_us: time that some task waited for a core
  int64_t involuntary_switches = 0;  // cumulative, all threads of this process: the kernel took the core away
};
MachineState ReadMachineState();
// What to record for a repetition: `after` − `before` for cumulative fields, the value in `after` for the
// others.
MachineState Between(const MachineState& before, const MachineState& after);

}  // namespace plelab
