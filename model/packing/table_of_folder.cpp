#include "model/packing/table_of_folder.h"

#include <filesystem>

#include "model/base/error.h"
#include "model/checkpoint/packed_table.h"
#include "model/checkpoint/weights_identity.h"

namespace plelab {

PleTable TableOfFolder(const std::string& folder, const Checkpoint& checkpoint) {
  if (folder.empty()) return checkpoint.ple_table();
  const std::string identity = WeightsIdentity(checkpoint);
  const std::string packed = folder + "/" + PackedFileName(PackedKind::kRows);
  if (std::filesystem::exists(packed)) {
    return OpenPackedTable(packed, PackedKind::kRows, identity, checkpoint.ple_shape());
  }
  const Checkpoint other = Checkpoint::Open(folder);
  if (WeightsIdentity(other) == identity) return other.ple_table();
  throw UserError("{}: is another checkpoint than {}; expected one that was packed from it, or a copy",
                  folder, checkpoint.directory());
}

}  // namespace plelab
