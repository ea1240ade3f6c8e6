// The `variants` of a config, once sweeps are multiplied out.
#pragma once

#include "harness/config/experiment_config.h"
#include "harness/config/yaml_reader.h"
#include "harness/config/yaml_tree.h"

namespace plelab {

// Reads the list into config.variants; each starts from the config's own model and workload.
// Throws UserError with the place: a missing or repeated name, one that is not fit for a file name, an option
// that the strategy does not have, a key of `model` that a variant may not change.
void ReadVariants(const YamlNode& list, ExperimentConfig& config);

// Letters, digits and _ - . , = @ % +: what a variant's name may hold, because it goes into file names.
bool FitsInName(char c);

// `ple: {strategy: cached, over: {backend: direct}}`; the keys of `over` may be written `over.backend` as
// well.
PleOptions ReadPleOptions(const YamlNode& map);

}  // namespace plelab
