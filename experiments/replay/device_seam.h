// Where a replay is slowed down to another storage device.
#pragma once

#include <string>

#include "model/ple/strategies/factory.h"

namespace plelab {

// How the table's file is opened: as it is, or answering as late as the device of a profile would.
// profile: a name or a file; empty: as it is.  Throws UserError for an unknown one.
FileOpener OpenerForDevice(const std::string& profile);

}  // namespace plelab
