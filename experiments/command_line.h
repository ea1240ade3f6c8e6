// The command that reproduces a run, as it is recorded.
#pragma once

#include <string>
#include <vector>

namespace plelab {

// "build/plelab run configs/x.yaml --set design.reps=2", words quoted for a shell where they need it.
std::string CommandLine(const std::string& command, const std::string& config,
                        const std::vector<std::string>& set);

}  // namespace plelab
