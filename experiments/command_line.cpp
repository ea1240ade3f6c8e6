#include "experiments/command_line.h"

namespace plelab {
namespace {

std::string Quoted(const std::string& word) {
  const bool plain = word.find_first_of(" '\"\\$&;|<>()*?[]{}~#") == std::string::npos;
  return plain ? word : "'" + word + "'";
}

}  // namespace

std::string CommandLine(const std::string& command, const std::string& config,
                        const std::vector<std::string>& set) {
  std::string line = "build/plelab " + command + " " + Quoted(config);
  for (const std::string& assignment : set) line += " --set " + Quoted(assignment);
  return line;
}

}  // namespace plelab
