// Reads the `variants` of a config after sweeps are expanded.
#pragma once

#include "harness/config/experiment_config.h"
#include "harness/config/yaml_reader.h"
#include "harness/config/yaml_tree.h"

namespace plelab {

// Reads the list into config.variants.  Each variant starts from the config's own model and workload.  Throws
// UserError with the place for a missing or repeated name, a name that is not valid in a file name, an option
// that the strategy does not have, and a key of `model` that a variant may not change.
void ReadVariants(const YamlNode& list, ExperimentConfig& config);

// True for characters that a variant's name may contain, because it goes into file names: letters, digits and
// _ - . , = @ % +.
bool FitsInName(char c);

// Reads `ple: {strategy: cached, over: {backend: direct}}`.  Keys of `over` may also be written
// `over.backend`.
PleOptions ReadPleOptions(const YamlNode& map);

}  // namespace plelab
