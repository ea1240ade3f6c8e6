// What the makers in the tables of strategies and transforms share.
#pragma once

#include <memory>

#include "model/ple/strategies/factory.h"

namespace plelab {

// Throws UserError where the file ends before the table does.
std::unique_ptr<RandomAccessFile> OpenTable(const PleTable& table, IoBackend backend,
                                            const PleSourceContext& context);

// As MakePleSource, for a source that another one stands before: options that were checked, no timing.
std::unique_ptr<PleSource> MakeUntimed(const PleOptions& options, const PleTable& table,
                                       const PleSourceContext& context);

}  // namespace plelab
