#include "harness/run/input_identity.h"

#include <algorithm>
#include <filesystem>
#include <set>

#include "harness/accuracy/choice_task.h"
#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/sha256.h"
#include "model/checkpoint/companion_files.h"
#include "model/ple/strategies/strategy_table.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kBlocks = 4096, kBlockBytes = 4096;

// SHA-256 of kBlocks blocks; the first and the last are the file's own ends.
std::string SampleOf(const FileDescriptor& file) {
  Sha256 hash;
  std::vector<std::byte> block(kBlockBytes);
  const int64_t last = file.size_bytes() - kBlockBytes;
  for (int64_t i = 0; i < kBlocks; ++i) {
    file.Read(last / (kBlocks - 1) * i + last % (kBlocks - 1) * i / (kBlocks - 1), block);
    hash.Update(block);
  }
  return hash.Hex();
}

void Add(std::vector<std::string>& paths, const std::vector<std::string>& more) {
  for (const std::string& path : more) {
    if (!path.empty()) paths.push_back(path);
  }
}

}  // namespace

std::string IdentityOfFile(const std::string& path, int64_t whole_bytes) {
  const FileDescriptor file(path, ReadAhead::kOff);
  if (file.size_bytes() <= std::max(whole_bytes, kBlockBytes)) {
    return Format("{} bytes, sha256 {}", file.size_bytes(), Sha256OfFile(path));
  }
  const auto changed = fs::last_write_time(path).time_since_epoch().count();
  return Format("{} bytes, changed at {}, sample {}", file.size_bytes(), changed, SampleOf(file));
}

std::string IdentityOfFiles(const std::vector<std::string>& paths) {
  std::set<std::string> seen;
  std::string text;
  for (const std::string& path : paths) {
    if (seen.insert(path).second) text += Format("{}: {}\n", path, IdentityOfFile(path));
  }
  return text;
}

std::vector<std::string> FilesOf(const Checkpoint& checkpoint) {
  std::vector<std::string> paths = {checkpoint.directory() + "/config.json"};
  for (const char* name : kCompanionFiles) {
    const std::string path = checkpoint.directory() + "/" + name;
    if (fs::exists(path)) paths.push_back(path);
  }
  std::set<std::string> shards;
  for (const auto& [name, info] : checkpoint.tensors()) shards.insert(info.file);
  paths.insert(paths.end(), shards.begin(), shards.end());
  return paths;
}

std::vector<std::string> FilesOf(const RunPlan& plan) {
  const ExperimentConfig& config = plan.config;
  std::vector<std::string> paths;
  if (plan.checkpoint) paths = FilesOf(*plan.checkpoint);
  for (const VariantPlan& variant : plan.variants) {
    if (variant.table.folded) paths.push_back(variant.table.folded->path);
    const bool is_new = std::ranges::find(paths, variant.table.path) == paths.end();
    if (plan.checkpoint && is_new) paths.push_back(variant.table.path);
    Add(paths, TracesRead(variant.config.ple));
  }
  if (RunsWorkload(config)) {
    for (const VariantGroup& group : plan.groups) {
      Add(paths, {group.workload.text_file, group.workload.trace});
      Add(paths, group.workload.images);
      Add(paths, group.workload.audio);
    }
  }
  if (!config.accuracy.enabled) return paths;
  Add(paths, {config.accuracy.text_file, config.accuracy.trace});
  for (const std::string& path : config.accuracy.tasks) {
    paths.push_back(path);
    for (const ChoiceDocument& document : ReadChoiceTask(path).documents) {
      Add(paths, document.media.images);
      Add(paths, document.media.audio);
    }
  }
  return paths;
}

}  // namespace plelab
