// plelab-device: lists device profiles, checks the model of one, measures a real disk.  Without torch.

#include <cstdio>
#include <exception>
#include <string>
#include <vector>

#include "experiments/devices/device_report.h"
#include "model/base/error.h"

namespace plelab {
namespace {

constexpr char kUsage[] =
    "plelab-device                          lists the profiles\n"
    "plelab-device PROFILE… [--seconds S]   checks the model of each against its own figures (a name, or "
    "NAME.yaml)\n"
    "plelab-device --measure FILE [--name NAME]\n"
    "                                       prints the profile of the device that holds FILE, best one of "
    "gigabytes\n";

struct Arguments {
  std::vector<std::string> profiles;
  std::string measured, name = "disk";
  double seconds = 4;
  bool help = false;
};

double Seconds(const std::string& text) {
  size_t used = 0;
  double seconds = 0;
  try {
    seconds = std::stod(text, &used);
  } catch (const std::exception&) {
    used = 0;
  }
  if (used != text.size() || !(seconds > 0 && seconds <= 3600)) {
    throw UserError("--seconds: expected a number above 0 and up to 3600, found '{}'", text);
  }
  return seconds;
}

Arguments Parse(int argc, char** argv) {
  Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const auto value = [&]() -> std::string {
      if (++i < argc) return argv[i];
      throw UserError("{}: expected a value behind it", word);
    };
    if (word == "--help" || word == "-h") {
      arguments.help = true;
    } else if (word == "--seconds") {
      arguments.seconds = Seconds(value());
    } else if (word == "--measure") {
      arguments.measured = value();
    } else if (word == "--name") {
      arguments.name = value();
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

}  // namespace
}  // namespace plelab

int main(int argc, char** argv) {
  try {
    const std::string text = plelab::Answer(plelab::Parse(argc, argv));
    const bool written = std::fwrite(text.data(), 1, text.size(), stdout) == text.size();
    return written && std::fflush(stdout) == 0 ? 0 : 1;
  } catch (const plelab::UserError& error) {
    std::fprintf(stderr, "plelab-device: %s\n", error.what());
    return 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "plelab-device: %s\n", error.what());
    return 1;
  }
}
