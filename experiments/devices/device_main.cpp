// plelab-device: lists device profiles, checks the model of one, measures a real disk.  Without torch.

#include <cstdio>
#include <exception>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "experiments/devices/device_report.h"
#include "experiments/devices/limited_command.h"
#include "model/base/error.h"

namespace plelab {
namespace {

constexpr char kUsage[] =
    "plelab-device                          lists the profiles\n"
    "plelab-device PROFILE... [--seconds S] checks the model of each against its own figures (a name, or "
    "NAME.yaml)\n"
    "plelab-device --measure FILE [--name NAME]\n"
    "                                       prints the profile of the device that holds FILE, best one of "
    "gigabytes\n"
    "plelab-device --limit FILE [--iops N] [--bps N] -- PROGRAM...\n"
    "                                       runs a program that the kernel lets read no more from FILE's "
    "disk\n";

struct Arguments {
  std::vector<std::string> profiles;
  std::string measured, name = "disk";
  std::string limited;  // a file on the disk
  DiskLimit::Limits limits;
  std::vector<std::string> program;  // behind "--"
  double seconds = 4;
  bool help = false;
};

double NumberOf(const std::string& option, const std::string& text, double most) {
  size_t used = 0;
  double number = 0;
  try {
    number = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used == text.size() && number > 0 && number <= most) return number;
  throw UserError("{}: expected a number above 0 and up to {}, found '{}'", option, most, text);
}

// What each option that has a value does with it.
std::map<std::string, std::function<void(const std::string& option, const std::string& value)>> Options(
    Arguments& arguments) {
  const auto whole = [](const std::string& option, const std::string& value, double most) {
    return static_cast<int64_t>(NumberOf(option, value, most));
  };
  return {
      {"--seconds", [&](auto& option, auto& value) { arguments.seconds = NumberOf(option, value, 3600); }},
      {"--measure", [&](auto&, auto& value) { arguments.measured = value; }},
      {"--name", [&](auto&, auto& value) { arguments.name = value; }},
      {"--limit", [&](auto&, auto& value) { arguments.limited = value; }},
      {"--iops", [&, whole](auto& o, auto& value) { arguments.limits.reads_per_s = whole(o, value, 1e9); }},
      {"--bps", [&, whole](auto& o, auto& value) { arguments.limits.bytes_per_s = whole(o, value, 1e15); }},
  };
}

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  const auto options = Options(arguments);
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto option = options.find(word);
    if (word == "--") {
      arguments.program.assign(argv + i + 1, argv + argc);
      break;
    }
    if (word == "--help" || word == "-h") {
      arguments.help = true;
    } else if (option != options.end()) {
      if (++i == argc) throw UserError("{}: expected a value behind it", word);
      option->second(word, argv[i]);
    } else if (word.starts_with("-")) {
      throw UserError("unknown option '{}'; --help lists what is known", word);
    } else {
      arguments.profiles.push_back(word);
    }
  }
  return arguments;
}

std::vector<DeviceProfile> Shipped() {
  std::vector<DeviceProfile> profiles;
  for (const std::string& name : DeviceProfileNames()) profiles.push_back(DeviceProfileNamed(name));
  return profiles;
}

std::string Answer(const Arguments& arguments) {
  if (arguments.help) return kUsage;
  if (!arguments.measured.empty())
    return DeviceProfileText(MeasureDevice(arguments.measured, arguments.name));
  if (arguments.profiles.empty()) return ListProfiles(Shipped());
  std::string text;
  for (const std::string& name : arguments.profiles) {
    const DeviceProfile profile = DeviceProfileNamed(name);
    if (!text.empty()) text += "\n";
    text += CheckTable(profile, CheckModel(profile, arguments.seconds));
  }
  return text;
}

int Run(const Arguments& arguments) {
  if (!arguments.limited.empty() && !arguments.help) {
    if (arguments.program.empty()) throw UserError("--limit: expected '-- PROGRAM...' behind it");
    return RunLimited(arguments.limited, arguments.limits, arguments.program);
  }
  const std::string text = Answer(arguments);
  const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
  return written && std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace plelab

int main(int argc, char** argv) {
  try {
    return plelab::Run(plelab::Parse(argc, argv));
  } catch (const plelab::UserError& error) {
    std::fprintf(stderr, "plelab-device: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "plelab-device: %s\n", error.what());
    return 1;
  }
}
