#include "model/checkpoint/checkpoint.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <span>
#include <sstream>

#include "model/base/error.h"
#include "model/base/file_descriptor.h"
#include "model/base/json_object.h"
#include "model/base/sha256.h"
#include "model/checkpoint/packed_table.h"
#include "model/checkpoint/tensor_spec.h"
#include "model/checkpoint/weights_identity.h"
#include "model/ple/formats/row_values.h"

namespace plelab {
namespace {

namespace fs = std::filesystem;

constexpr char kSingleFile[] = "model.safetensors";
constexpr char kIndexFile[] = "model.safetensors.index.json";
constexpr int64_t kComparedAtOnce = 1 << 20;  // values of two tensors

std::string ReadText(const std::string& path) {
  RefuseSpecialInput(path);
  std::ifstream file(path, std::ios::binary);
  if (!file) throw UserError("{}: cannot be opened; expected a readable file", path);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// model.safetensors.index.json: {"weight_map": {tensor: shard}}.
std::map<std::string, std::string> ReadIndex(const std::string& path) {
  const JsonObject weight_map = JsonObject::Parse(ReadText(path), path).Object("weight_map");
  std::map<std::string, std::string> index;
  for (const std::string& tensor : weight_map.Keys()) {
    const std::string shard = weight_map.String(tensor);
    if (shard.empty() || shard.find('/') != std::string::npos || shard == "." || shard == "..") {
      throw UserError("{}: tensor '{}': expected the name of a file beside the index, found '{}'", path,
                      tensor, shard);
    }
    index[tensor] = shard;
  }
  return index;
}

// The index and the headers of the shards must agree.
void RequireAgreement(const std::map<std::string, std::string>& index,
                      const std::map<std::string, TensorInfo>& tensors, const std::string& path) {
  std::vector<std::string> wrong;
  for (const auto& [name, shard] : index) {
    const auto found = tensors.find(name);
    if (found == tensors.end() || fs::path(found->second.file).filename() != shard) {
      wrong.push_back(Format("'{}' is not in {}", name, shard));
    }
  }
  for (const auto& [name, info] : tensors) {
    if (!index.contains(name)) {
      wrong.push_back(
          Format("'{}' of {} is not in the index", name, fs::path(info.file).filename().string()));
    }
  }
  if (wrong.empty()) return;
  const size_t shown = std::min<size_t>(wrong.size(), 20);
  throw UserError("{}: disagrees with the shards about {} tensors: {}{}", path, wrong.size(),
                  Join(std::span(wrong).first(shown), "; "), shown < wrong.size() ? "; …" : "");
}

}  // namespace

std::string_view Name(Modality modality) {
  switch (modality) {
    case Modality::kText:
      return "text";
    case Modality::kVision:
      return "vision";
    case Modality::kAudio:
      return "audio";
  }
  throw RunError("modality {} is not known", static_cast<int>(modality));
}

Modality ModalityOf(std::string_view tensor_name) {
  for (const char* prefix : {"model.vision_tower.", "model.embed_vision."}) {
    if (tensor_name.starts_with(prefix)) return Modality::kVision;
  }
  for (const char* prefix : {"model.audio_tower.", "model.embed_audio."}) {
    if (tensor_name.starts_with(prefix)) return Modality::kAudio;
  }
  return Modality::kText;
}

std::string TokenizerFile(const std::string& folder) {
  const std::string model = folder + "/tokenizer.model", json = folder + "/tokenizer.json";
  return !fs::exists(model) && fs::exists(json) ? json : model;
}

Checkpoint Checkpoint::Open(const std::string& directory) {
  if (!fs::is_directory(directory)) {
    throw UserError("{}: expected the directory of a checkpoint (config.json and {}), found {}", directory,
                    kSingleFile, fs::exists(directory) ? "a file" : "nothing");
  }
  if (fs::is_empty(directory)) {
    throw UserError(
        "{}: the folder is empty; expected a checkpoint as published: config.json, {} and tokenizer.model or "
        "tokenizer.json",
        directory, kSingleFile);
  }
  Checkpoint checkpoint;
  checkpoint.directory_ = directory;
  const std::string config_path = directory + "/config.json";
  checkpoint.config_text_ = ReadText(config_path);
  checkpoint.config_ = ParseConfig(checkpoint.config_text_, config_path);
  Sha256 fingerprint;
  fingerprint.Update(checkpoint.config_text_);
  checkpoint.OpenShards(fingerprint);
  checkpoint.AddPackedTable(fingerprint);
  checkpoint.fingerprint_ = fingerprint.Hex();
  TextConfig& text = checkpoint.config_.text;
  text.own_head = text.own_head || checkpoint.HeadDiffers();
  return checkpoint;
}

void Checkpoint::OpenShards(Sha256& fingerprint) {
  // As in the reference, one file takes precedence over shards.
  if (fs::exists(directory_ + "/" + kSingleFile)) {
    AddShard(directory_ + "/" + kSingleFile, fingerprint);
    ListQuantised();
    return RequireFloats();
  }
  const std::string index_path = directory_ + "/" + kIndexFile;
  if (!fs::exists(index_path)) {
    throw UserError("{}: expected {} or {}, found neither", directory_, kSingleFile, kIndexFile);
  }
  const auto index = ReadIndex(index_path);
  std::set<std::string> shards;
  for (const auto& [tensor, shard] : index) shards.insert(shard);
  for (const std::string& shard : shards) {
    if (!fs::exists(directory_ + "/" + shard)) {
      throw UserError("{}: shard {} is missing; expected it beside its index {}", directory_, shard,
                      kIndexFile);
    }
    AddShard(directory_ + "/" + shard, fingerprint);
  }
  ListQuantised();
  RequireFloats();  // before their foreign tensors are missed
  RequireAgreement(index, tensors_, index_path);
}

void Checkpoint::AddShard(const std::string& path, Sha256& fingerprint) {
  // Our reads are large already, and what follows a tensor may be a tower that nobody wants in the page
  // cache.
  auto file = std::make_shared<const FileDescriptor>(path, ReadAhead::kOff);
  SafetensorsHeader header = ReadSafetensorsHeader(*file, ForeignFormats::kList);
  foreign_.insert(foreign_.end(), header.foreign.begin(), header.foreign.end());
  fingerprint.Update(header.text);
  fingerprint.Update(std::to_string(file->size_bytes()));
  for (TensorInfo& info : header.tensors) {
    const auto [before, is_new] = tensors_.try_emplace(info.name, info);
    if (!is_new)
      throw UserError("{}: tensor '{}' is also in {}; keep one", path, info.name, before->second.file);
  }
  const auto label = header.metadata.find("weights");
  if (label != header.metadata.end() && (label->second == "random" || label->second == "trained")) {
    weights_label_ = label->second;
  }
  shards_[path] = std::move(file);
}

// What is packed beside the weights belongs to what this checkpoint is.
void Checkpoint::AddPackedTable(Sha256& fingerprint) {
  if (!has_packed_table()) return;
  const FileDescriptor file(directory_ + "/" + PackedFileName(PackedKind::kRows), ReadAhead::kOff);
  fingerprint.Update(ReadSafetensorsHeader(file).text);
}

std::string Checkpoint::ple_tensor() const { return TextPrefix(config_) + "embed_tokens_per_layer.weight"; }

bool Checkpoint::has_packed_table() const {
  return Find(ple_tensor()) == nullptr && IsPackedTable(directory_ + "/" + PackedFileName(PackedKind::kRows));
}

void Checkpoint::ListQuantised() {
  for (const auto& [name, info] : tensors_) {
    const auto code = ParseCodeName(name);
    if (!code || !code->format || !Find(ScalesName(code->weight))) continue;
    if (Find(code->weight) != nullptr) {
      throw UserError("{}: tensor '{}' is also there quantised, as '{}'; keep one", directory_, code->weight,
                      name);
    }
    quantised_[code->weight] = *code->format;
  }
}

void Checkpoint::RequireFloats() const {
  std::vector<ForeignTensor> wrong = foreign_;
  for (const auto& [name, info] : tensors_) {
    const auto code = ParseCodeName(name);
    if (code && quantised_.contains(code->weight)) continue;
    if (!IsFloat(info.dtype)) wrong.push_back({name, std::string(SafetensorsName(info.dtype))});
  }
  if (wrong.empty()) return;
  throw UserError(
      "{}: {} tensors are in formats that are not read: {}; expected F32, BF16 or F16: take the checkpoint "
      "as "
      "it was before it was quantised",
      directory_, wrong.size(), ListOf(wrong));
}

// True when lm_head.weight and embed_tokens are both there, of one shape, and some value differs.
bool Checkpoint::HeadDiffers() const {
  if (quantised_.contains(kHeadTensor)) return true;  // only a head of its own is quantised
  const TensorInfo* head = Find(kHeadTensor);
  const TensorInfo* embedding = Find(TextPrefix(config_) + "embed_tokens.weight");
  if (head == nullptr || embedding == nullptr || head->shape != embedding->shape) return false;
  const int64_t elements = head->size_bytes / SizeOf(head->dtype);
  const auto read = [&](const TensorInfo& info, int64_t first, int64_t count) {
    std::vector<std::byte> bytes(static_cast<size_t>(count * SizeOf(info.dtype)));
    shards_.at(info.file)->Read(info.offset_bytes + first * SizeOf(info.dtype), bytes);
    return bytes;
  };
  const auto values = [](const TensorInfo& info, const std::vector<std::byte>& bytes) {
    std::vector<float> floats(bytes.size() / static_cast<size_t>(SizeOf(info.dtype)));
    LoadValues(info.dtype, bytes, floats);
    return floats;
  };
  for (int64_t first = 0; first < elements; first += kComparedAtOnce) {
    const int64_t count = std::min(kComparedAtOnce, elements - first);
    const auto ours = read(*head, first, count), theirs = read(*embedding, first, count);
    const bool same_bits = head->dtype == embedding->dtype && ours == theirs;
    if (!same_bits && values(*head, ours) != values(*embedding, theirs)) return true;
  }
  return false;
}

const TensorInfo* Checkpoint::Find(const std::string& name) const {
  const auto found = tensors_.find(name);
  return found == tensors_.end() ? nullptr : &found->second;
}

std::optional<Checkpoint::Quantised> Checkpoint::FindQuantised(const std::string& name) const {
  const auto found = quantised_.find(name);
  if (found == quantised_.end()) return std::nullopt;
  return Quantised{found->second, Find(CodesName(name, found->second)), Find(ScalesName(name))};
}

std::vector<const TensorInfo*> Checkpoint::Stored(const std::string& name) const {
  if (const auto quantised = FindQuantised(name)) return {quantised->codes, quantised->scales};
  const TensorInfo* info = Find(name);
  return info == nullptr ? std::vector<const TensorInfo*>{} : std::vector{info};
}

void Checkpoint::ReadRange(const TensorInfo& info, int64_t offset_bytes, std::span<std::byte> out) const {
  if (offset_bytes < 0 || offset_bytes + static_cast<int64_t>(out.size()) > info.size_bytes) {
    throw RunError("{}: tensor '{}': bytes {} to {} were requested of {}", info.file, info.name, offset_bytes,
                   offset_bytes + static_cast<int64_t>(out.size()), info.size_bytes);
  }
  shards_.at(info.file)->Read(info.offset_bytes + offset_bytes, out);
  read_->at(static_cast<size_t>(ModalityOf(info.name))) += static_cast<int64_t>(out.size());
}

int64_t Checkpoint::weight_bytes_read() const {
  int64_t bytes = 0;
  for (const auto& read : *read_) bytes += read;
  return bytes;
}

PleGeometry Checkpoint::ple_shape() const {
  const TextConfig& text = config_.text;
  return {text.vocab_size_per_layer_input, text.num_hidden_layers, text.hidden_size_per_layer_input};
}

PleTable Checkpoint::ple_table() const {
  const TextConfig& text = config_.text;
  if (has_packed_table()) {
    return OpenPackedTable(directory_ + "/" + PackedFileName(PackedKind::kRows), PackedKind::kRows,
                           WeightsIdentity(*this), ple_shape());
  }
  const std::string name = ple_tensor();
  const std::vector<int64_t> expected = {text.vocab_size_per_layer_input,
                                         text.num_hidden_layers * text.hidden_size_per_layer_input};
  const TensorInfo* info = Find(name);
  if (info == nullptr) {
    throw UserError("{}: tensor '{}' is missing; expected [{}]", directory_, name, Join(expected, ", "));
  }
  if (info->shape != expected) {
    throw UserError("{}: tensor '{}': expected [{}] as config.json says, found [{}]", info->file, name,
                    Join(expected, ", "), Join(info->shape, ", "));
  }
  PleTable table;
  table.path = info->file;
  table.offset_bytes = info->offset_bytes;
  table.geometry = ple_shape();
  table.geometry.dtype = info->dtype;
  return table;
}

}  // namespace plelab
