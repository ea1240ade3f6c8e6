#include "model/weights/tensor_file.h"

#include <span>

#include "model/base/error.h"
#include "model/base/output_file.h"
#include "model/checkpoint/safetensors.h"
#include "model/weights/torch_dtype.h"

namespace plelab {

void WriteTensorFile(const std::string& path, const std::vector<NamedTensor>& tensors,
                     const std::map<std::string, std::string>& metadata) {
  std::vector<TensorInfo> infos;
  for (const NamedTensor& tensor : tensors) {
    infos.push_back({tensor.name, DTypeOf(tensor.values.scalar_type()), tensor.values.sizes().vec(), path});
  }
  const std::string header = MakeSafetensorsHeader(infos, metadata);
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
