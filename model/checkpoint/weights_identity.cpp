#include "model/checkpoint/weights_identity.h"

#include <algorithm>
#include <vector>

#include "model/base/format.h"
#include "model/base/sha256.h"
#include "model/checkpoint/tensor_spec.h"

namespace plelab {

std::string WeightsIdentity(const Checkpoint& checkpoint) {
  constexpr int64_t kEndBytes = 64;
  Sha256 hash;
  hash.Update(checkpoint.config_text());
  std::vector<std::byte> end;
  for (const auto& [name, info] : checkpoint.tensors()) {
    if (name == checkpoint.ple_tensor()) continue;
    hash.Update(Format(" {} {} [{}]", name, Name(info.dtype), Join(info.shape, ", ")));
    end.resize(static_cast<size_t>(std::min(kEndBytes, info.size_bytes)));
    for (const int64_t offset : {int64_t{0}, info.size_bytes - std::ssize(end)}) {
      checkpoint.ReadRange(info, offset, end);
      hash.Update(end);
    }
  }
  return hash.Hex();
}

}  // namespace plelab
