#include "model/catalog/parameter_count.h"

#include <numeric>

#include "model/catalog/weight_catalog.h"

namespace plelab {

int64_t GroupSums::total() const { return std::accumulate(by_group.begin(), by_group.end(), int64_t{0}); }

int64_t GroupSums::effective() const {
  return (*this)[ParameterGroup::kTextStack] + (*this)[ParameterGroup::kUnusedKv];
}

int64_t GroupSums::working_set() const {
  return (*this)[ParameterGroup::kTextStack] + (*this)[ParameterGroup::kTokenEmbedding] +
         (*this)[ParameterGroup::kOwnHead];
}

int64_t GroupSums::vision() const {
  return (*this)[ParameterGroup::kVisionTower] + (*this)[ParameterGroup::kVisionEmbedder];
}

int64_t GroupSums::audio() const {
  return (*this)[ParameterGroup::kAudioTower] + (*this)[ParameterGroup::kAudioEmbedder];
}

ParameterCount CountPublished(const Gemma3nConfig& config, DType dtype) {
  ParameterCount count;
  for (const TensorSpec& spec : PublishedTensors(config)) {
    count.parameters[spec.group] += spec.elements();
    count.bytes[spec.group] += spec.elements() * SizeOf(dtype);
  }
  return count;
}

ParameterCount CountCheckpoint(const Checkpoint& checkpoint) {
  ParameterCount count;
  for (const TensorSpec& spec : PublishedTensors(checkpoint.config())) {
    const TensorInfo* info = checkpoint.Find(spec.name);
    if (info == nullptr && spec.name == checkpoint.ple_tensor() && checkpoint.has_packed_table()) {
      count.parameters[spec.group] += spec.elements();
      count.bytes[spec.group] += checkpoint.ple_table().stored_bytes();
    }
    if (const auto quantised = checkpoint.FindQuantised(spec.name)) {
      count.parameters[spec.group] += spec.elements();
      count.bytes[spec.group] += quantised->codes->size_bytes + quantised->scales->size_bytes;
    }
    if (info == nullptr) continue;
    count.parameters[spec.group] += info->size_bytes / SizeOf(info->dtype);
    count.bytes[spec.group] += info->size_bytes;
  }
  return count;
}

std::vector<std::pair<std::string, int64_t>> NamedSums(const GroupSums& sums) {
  std::vector<std::pair<std::string, int64_t>> named = {
      {"total", sums.total()},
      {"effective", sums.effective()},
      {"working_set", sums.working_set()},
      {"ple_table", sums[ParameterGroup::kPleTable]},
      {"token_embedding", sums[ParameterGroup::kTokenEmbedding]},
      {"text_stack", sums[ParameterGroup::kTextStack]},
      {"unused_kv", sums[ParameterGroup::kUnusedKv]},
      {"vision", sums.vision()},
      {"audio", sums.audio()}};
  const int64_t head = sums[ParameterGroup::kOwnHead];
  if (head > 0) named.emplace_back(Name(ParameterGroup::kOwnHead), head);
  return named;
}

}  // namespace plelab
