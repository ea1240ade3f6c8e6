// Measures how long the caller stands in Begin and Layer, whatever the source below does.
#pragma once

#include <memory>

#include "model/ple/ple_source.h"

namespace plelab {

// The same source; its stats() carry wait_ns.  MakePleSource puts it around every source.
std::unique_ptr<PleSource> MakeTimedPle(std::unique_ptr<PleSource> source);

}  // namespace plelab
