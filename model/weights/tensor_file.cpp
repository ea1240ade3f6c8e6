#include "model/weights/tensor_file.h"

#include <span>

#include "model/base/error.h"
#include "model/base/output_file.h"
#include "model/base/sha256.h"
#include "model/checkpoint/safetensors.h"
#include "model/weights/torch_dtype.h"

namespace plelab {

namespace {

constexpr char kHash[] = "sha256";

// Over the names and bytes of all tensors, in the order of their names.
std::string HashOf(const std::map<std::string, torch::Tensor>& tensors) {
  Sha256 hash;
  for (const auto& [name, values] : tensors) {
    hash.Update(name);
    hash.Update(BytesOf(values));
  }
  return hash.Hex();
}

std::map<std::string, torch::Tensor> ByName(const std::vector<NamedTensor>& tensors) {
  std::map<std::string, torch::Tensor> by_name;
  for (const NamedTensor& tensor : tensors) by_name[tensor.name] = tensor.values.detach().contiguous();
  return by_name;
}

}  // namespace

void WriteTensorFile(const std::string& path, const std::vector<NamedTensor>& tensors,
                     const std::map<std::string, std::string>& metadata) {
  std::vector<TensorInfo> infos;
  for (const NamedTensor& tensor : tensors) {
    infos.push_back({tensor.name, DTypeOf(tensor.values.scalar_type()), tensor.values.sizes().vec(), path});
  }
  std::map<std::string, std::string> with_hash = metadata;
  with_hash[kHash] = HashOf(ByName(tensors));
  const std::string header = MakeSafetensorsHeader(infos, with_hash);
  OutputFile file(path);
  file.Write(0, std::as_bytes(std::span(header)));
  for (size_t i = 0; i < tensors.size(); ++i) {
    const torch::Tensor values = tensors[i].values.detach().contiguous();
    file.Write(infos[i].offset_bytes, BytesOf(values));
  }
  file.Commit();
}

TensorFile ReadTensorFile(const std::string& path) {
  const FileDescriptor file(path, ReadAhead::kOff);
  const SafetensorsHeader header = ReadSafetensorsHeader(file);
  TensorFile read{path, {}, header.metadata};
  for (const TensorInfo& info : header.tensors) {
    const torch::Tensor values = torch::empty(info.shape, TorchType(info.dtype));
    file.Read(info.offset_bytes, BytesOf(values));
    read.tensors[info.name] = values;
  }
  const auto hash = read.metadata.find(kHash);
  if (hash != read.metadata.end() && hash->second != HashOf(read.tensors)) {
    throw UserError(
        "{}: its tensors are not those that were written: the file is damaged; take a copy that is whole, "
        "or start anew with --force",
        path);
  }
  return read;
}

const torch::Tensor& TensorFile::Get(const std::string& name) const {
  const auto found = tensors.find(name);
  if (found == tensors.end()) throw UserError("{}: tensor '{}' is missing", path, name);
  return found->second;
}

const torch::Tensor& TensorFile::Get(const std::string& name, const torch::Tensor& like) const {
  const torch::Tensor& tensor = Get(name);
  if (tensor.sizes() == like.sizes() && tensor.scalar_type() == like.scalar_type()) return tensor;
  throw UserError("{}: tensor '{}': expected {} [{}], found {} [{}]", path, name, like.toString(),
                  Join(like.sizes(), ", "), tensor.toString(), Join(tensor.sizes(), ", "));
}

const std::string& TensorFile::Meta(const std::string& key) const {
  const auto found = metadata.find(key);
  if (found == metadata.end()) throw UserError("{}: its metadata has no '{}'", path, key);
  return found->second;
}

}  // namespace plelab
