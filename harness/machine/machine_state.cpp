#include "harness/machine/machine_state.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "harness/record/record.h"
#include "harness/support/system_files.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

// The mean over the cores of what cpufreq reports, else of /proc/cpuinfo (in a virtual machine often the
// nominal clock).
double CpuMhz() {
  double sum = 0;
  int cores = 0;
  const auto add = [&](std::optional<double> mhz) {
    if (mhz) sum += *mhz, ++cores;
  };
  std::error_code error;
  for (const auto& cpu : fs::directory_iterator("/sys/devices/system/cpu", error)) {
    const auto khz = ReadSystemNumber(cpu.path() / "cpufreq/scaling_cur_freq");
    if (khz) add(static_cast<double>(*khz) / 1000);
  }
  if (cores == 0) {
    for (const std::string& line : Lines(ReadSystemFile("/proc/cpuinfo")))
      add(LeadingNumber(FieldOf(line, "cpu MHz")));
  }
  return cores == 0 ? kNotMeasured : sum / cores;
}

// The highest of the files NAME below the folders of `parent`, which hold thousandths of a degree.
double HottestBelow(const std::string& parent, const std::string& beginning, const std::string& ending) {
  double hottest = kNotMeasured;
  std::error_code error;
  for (const auto& folder : fs::directory_iterator(parent, error)) {
    for (const auto& file : fs::directory_iterator(folder.path(), error)) {
      const std::string name = file.path().filename();
      if (!name.starts_with(beginning) || !name.ends_with(ending)) continue;
      const auto millidegrees = ReadSystemNumber(file.path());
      if (millidegrees) hottest = std::fmax(hottest, static_cast<double>(*millidegrees) / 1000);
    }
  }
  return hottest;
}

double TemperatureC() {
  const double zone = HottestBelow("/sys/class/thermal", "temp", "temp");
  return std::isnan(zone) ? HottestBelow("/sys/class/hwmon", "temp", "_input") : zone;
}

// From the first line of /proc/stat: cpu user nice system idle iowait irq softirq steal …, in ticks.
int64_t StealNs() {
  const std::vector<std::string> words = Words(ReadSystemFile("/proc/stat"));
  if (words.size() < 9 || words[0] != "cpu") return 0;
  const double ticks = LeadingNumber(words[8]).value_or(0);
  return static_cast<int64_t>(ticks * 1e9 / static_cast<double>(::sysconf(_SC_CLK_TCK)));
}

// From "some avg10=0.00 avg60=0.00 avg300=0.00 total=1234": microseconds in which at least one task was
// stalled.
double PressureUs(const std::string& resource) {
  for (const std::string& line : Lines(ReadSystemFile("/proc/pressure/" + resource))) {
    const size_t total = line.find("total=");
    if (line.starts_with("some ") && total != std::string::npos) {
      return LeadingNumber(std::string_view(line).substr(total + 6)).value_or(kNotMeasured);
    }
  }
  return kNotMeasured;
}

// RAPL energy of all packages, which often only root can read. "intel-rapl:0" is a package, "intel-rapl:0:1"
// a part of it.
double EnergyJ() {
  double joules = kNotMeasured;
  std::error_code error;
  for (const auto& zone : fs::directory_iterator("/sys/class/powercap", error)) {
    const std::string name = zone.path().filename();
    if (std::count(name.begin(), name.end(), ':') != 1) continue;
    if (!ReadSystemFile(zone.path() / "name").starts_with("package")) continue;
    const auto microjoules = ReadSystemNumber(zone.path() / "energy_uj");
    if (!microjoules) return kNotMeasured;  // a partial sum would be a wrong sum
    joules = (std::isnan(joules) ? 0 : joules) + static_cast<double>(*microjoules) * 1e-6;
  }
  return joules;
}

rusage UsageOfThisProcess() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return usage;
}

}  // namespace

MachineState ReadMachineState() {
  const rusage usage = UsageOfThisProcess();
  return {.cpu_mhz = CpuMhz(),
          .temperature_c = TemperatureC(),
          .steal_ns = StealNs(),
          .psi_memory_us = PressureUs("memory"),
          .psi_io_us = PressureUs("io"),
          .energy_j = EnergyJ(),
          .psi_cpu_us = PressureUs("cpu"),
          .involuntary_switches = usage.ru_nivcsw};
}

MachineState Between(const MachineState& before, const MachineState& after) {
  MachineState change = after;
  change.steal_ns -= before.steal_ns;
  change.psi_memory_us -= before.psi_memory_us;
  change.psi_io_us -= before.psi_io_us;
  change.psi_cpu_us -= before.psi_cpu_us;
  change.involuntary_switches -= before.involuntary_switches;
  change.energy_j -= before.energy_j;
  if (change.energy_j < 0) change.energy_j = kNotMeasured;  // the counter wrapped
  return change;
}

}  // namespace plelab
