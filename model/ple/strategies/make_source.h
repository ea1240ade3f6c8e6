// Functions that the makers in the tables of strategies and transforms share.
#pragma once

#include <memory>

#include "model/ple/strategies/factory.h"

namespace plelab {

// Opens the table's file.  Throws UserError when the file ends before the table does.
std::unique_ptr<RandomAccessFile> OpenTable(const PleTable& table, const IoOptions& options,
                                            const PleSourceContext& context);

// As MakePleSource, for a source that another one wraps: `options` were checked before, and the source is not
// timed.
std::unique_ptr<PleSource> MakeUntimed(const PleOptions& options, const PleTable& table,
                                       const PleSourceContext& context);

}  // namespace plelab
