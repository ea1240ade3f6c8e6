// Measures how long callers spend in Begin and Layer of any source.
#pragma once

#include <memory>

#include "model/ple/ple_source.h"

namespace plelab {

// Wraps `source` so that its stats() include wait_ns.  MakePleSource wraps every source in it.
std::unique_ptr<PleSource> MakeTimedPle(std::unique_ptr<PleSource> source);

}  // namespace plelab
