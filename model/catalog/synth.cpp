#include "model/catalog/synth.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <regex>
#include <span>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/half_floats.h"
#include "model/base/json_object.h"
#include "model/base/output_file.h"
#include "model/catalog/weight_catalog.h"
#include "model/checkpoint/companion_files.h"
#include "model/checkpoint/new_files.h"
#include "model/checkpoint/safetensors.h"
#include "model/weights/random_tensor.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

constexpr char kIndexFile[] = "model.safetensors.index.json";
constexpr int64_t kChunkElements = 2 << 20;
constexpr int64_t kChunksPerSlab = 32;  // written between two progress reports

using Shard = std::vector<TensorSpec>;

// Tensors are ordered by name, as published.  A shard ends before it would exceed the limit.
std::vector<Shard> SplitIntoShards(std::vector<TensorSpec> specs, const SynthOptions& options) {
  std::sort(specs.begin(), specs.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  std::vector<Shard> shards(1);
  int64_t filled = 0;
  for (TensorSpec& spec : specs) {
    const int64_t bytes = spec.elements() * SizeOf(options.dtype);
    if (!shards.back().empty() && filled + bytes > options.max_shard_bytes) {
      shards.emplace_back();
      filled = 0;
    }
    filled += bytes;
    shards.back().push_back(std::move(spec));
  }
  return shards;
}

std::string ShardName(size_t shard, size_t shards) {
  return shards == 1 ? "model.safetensors" : Format("model-{:05}-of-{:05}.safetensors", shard + 1, shards);
}

bool IsSameFile(const fs::path& a, const fs::path& b) {
  std::error_code missing;
  return fs::equivalent(a, b, missing);
}

// Files that belong to a checkpoint and would be read together with, or instead of, the new ones.  A
// companion that is in the folder already stays there.
std::vector<fs::path> ExistingFiles(const std::string& directory, const SynthOptions& options) {
  static const std::regex kOurs(R"((generation_)?config\.json|chat_template\.jinja|chat_template\.json|)"
                                R"(model(-\d+-of-\d+)?\.safetensors(\.index\.json)?)");
  std::vector<fs::path> found;
  for (const auto& entry : fs::directory_iterator(directory)) {
    const fs::path& path = entry.path();
    const std::string name = path.filename().string();
    const auto is_it = [&](const fs::path& companion) { return IsSameFile(path, companion); };
    if (std::ranges::any_of(options.companions, is_it)) continue;
    if (std::regex_match(name, kOurs) || std::ranges::count(kCompanionFiles, name) > 0) found.push_back(path);
  }
  std::sort(found.begin(), found.end());
  return found;
}

void PrepareDirectory(const std::string& directory, int64_t bytes, const SynthOptions& options) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (!fs::is_directory(directory))
    throw UserError("{}: expected a directory to write to: {}", directory, error.message());
  const auto existing = ExistingFiles(directory, options);
  if (!existing.empty() && !options.force) {
    throw UserError(
        "{}: exists; name another folder with --out, or replace the checkpoint in {} with --force",
        existing.front().string(), directory);
  }
  for (const fs::path& path : existing) RefuseSpecialOutput(path.string());
  int64_t reclaimed = 0;
  for (const fs::path& path : existing) reclaimed += static_cast<int64_t>(fs::file_size(path));
  const auto available = static_cast<int64_t>(fs::space(directory).available) + reclaimed;
  if (available < bytes) {
    throw UserError("{}: expected {} bytes of free disk, found {}; choose another disk or a smaller shape",
                    directory, bytes, available);
  }
  for (const fs::path& path : existing) fs::remove(path);
}

// A run of one tensor's elements and where it is written.
struct Chunk {
  const RandomTensor* random;
  int64_t first, count;  // in elements of the tensor
  int64_t offset_bytes;  // in the file
};

class ShardWriter {
 public:
  ShardWriter(const std::string& path, const Shard& shard, const SynthOptions& options)
      : options_(options), file_(path) {
    std::vector<TensorInfo> infos;
    for (const TensorSpec& spec : shard) infos.push_back({spec.name, options.dtype, spec.shape, path, 0, 0});
    const std::string header = MakeSafetensorsHeader(
        infos, {{"format", "pt"}, {"weights", "random"}, {"seed", std::to_string(options.seed)}});
    file_.Write(0, std::as_bytes(std::span(header.data(), header.size())));
    random_.reserve(shard.size());
    for (size_t i = 0; i < shard.size(); ++i) {
      random_.emplace_back(options.seed, shard[i]);
      for (int64_t first = 0; first < shard[i].elements(); first += kChunkElements) {
        const int64_t count = std::min(kChunkElements, shard[i].elements() - first);
        chunks_.push_back({&random_[i], first, count, infos[i].offset_bytes + first * SizeOf(options.dtype)});
      }
    }
  }

  // Calls report(bytes written since the last call).
  template <class F>
  void Run(F report) {
    const auto all = static_cast<int64_t>(chunks_.size());
    for (int64_t slab = 0; slab < all; slab += kChunksPerSlab) {
      const int64_t slab_end = std::min(slab + kChunksPerSlab, all);
      at::parallel_for(slab, slab_end, 1, [&](int64_t begin, int64_t end) { WriteChunks(begin, end); });
      int64_t bytes = 0;
      for (int64_t i = slab; i < slab_end; ++i) bytes += chunks_[i].count * SizeOf(options_.dtype);
      report(bytes);
    }
    file_.Commit();
  }

 private:
  void WriteChunks(int64_t begin, int64_t end) {
    std::vector<float> floats(options_.dtype == DType::kBFloat16 ? 0 : kChunkElements);
    std::vector<uint16_t> halves(options_.dtype == DType::kFloat32 ? 0 : kChunkElements);
    for (int64_t i = begin; i < end; ++i) {
      const Chunk& chunk = chunks_[i];
      const auto count = static_cast<size_t>(chunk.count);
      if (options_.dtype == DType::kBFloat16) {
        chunk.random->FillBFloat16(chunk.first, {halves.data(), count});
      } else {
        chunk.random->Fill(chunk.first, {floats.data(), count});
      }
      if (options_.dtype == DType::kFloat32) {
        file_.Write(chunk.offset_bytes, std::as_bytes(std::span(floats.data(), count)));
        continue;
      }
      if (options_.dtype == DType::kFloat16) {
        std::transform(floats.begin(), floats.begin() + chunk.count, halves.begin(), ToFloat16);
      }
      file_.Write(chunk.offset_bytes, std::as_bytes(std::span(halves.data(), count)));
    }
  }

  const SynthOptions& options_;
  OutputFile file_;
  std::vector<RandomTensor> random_;
  std::vector<Chunk> chunks_;
};

std::string IndexJson(const std::vector<Shard>& shards, int64_t total_bytes) {
  nlohmann::json index;  // sorts its keys, as published
  index["metadata"]["total_size"] = total_bytes;
  for (size_t i = 0; i < shards.size(); ++i) {
    for (const TensorSpec& spec : shards[i]) index["weight_map"][spec.name] = ShardName(i, shards.size());
  }
  return index.dump(2) + "\n";
}

}  // namespace

std::string ConfigJsonWithDType(const std::string& config_json, DType dtype) {
  auto json = ParseOrderedJson(config_json, "config.json");
  json.erase("dtype");
  json["torch_dtype"] = std::string(Name(dtype));
  return json.dump(2) + "\n";
}

std::string UntiedConfigJson(const std::string& config_json) {
  auto json = ParseOrderedJson(config_json, "config.json");
  json["tie_word_embeddings"] = false;
  return json.dump(2) + "\n";
}

int64_t WriteRandomCheckpoint(const std::string& config_json, const std::string& directory,
                              const SynthOptions& options) {
  if (!IsFloat(options.dtype)) {
    throw UserError("dtype {}: expected bfloat16, float32 or float16", Name(options.dtype));
  }
  std::vector<TensorSpec> specs = PublishedTensors(ParseConfig(config_json, "config.json"));
  int64_t total = 0, done = 0;
  for (const TensorSpec& spec : specs) total += spec.elements() * SizeOf(options.dtype);
  for (const std::string& companion : options.companions) RefuseSpecialInput(companion);
  NewFiles files(directory);
  PrepareDirectory(directory, total, options);
  const std::vector<Shard> shards = SplitIntoShards(std::move(specs), options);
  for (size_t i = 0; i < shards.size(); ++i) {
    files.Make(ShardName(i, shards.size()), [&](const std::string& path) {
      ShardWriter writer(path, shards[i], options);
      writer.Run([&](int64_t bytes) {
        done += bytes;
        if (options.progress) options.progress(done, total);
      });
    });
  }
  if (shards.size() > 1) {
    files.Make(kIndexFile, [&](const std::string& path) { WriteWholeFile(path, IndexJson(shards, total)); });
  }
  for (const fs::path companion : options.companions) {
    if (IsSameFile(companion, fs::path(directory) / companion.filename())) continue;
    files.Make(companion.filename().string(),
               [&](const std::string& path) { CopyWholeFile(companion.string(), path); });
  }
  files.Make("config.json", [&](const std::string& path) {
    WriteWholeFile(path, ConfigJsonWithDType(config_json, options.dtype));
  });
  files.Keep();
  return total;
}

}  // namespace plelab
