// Named tensors in one safetensors file: what training writes, and reads again when it resumes.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

namespace plelab {

struct NamedTensor {
  std::string name;
  torch::Tensor values;  // on the CPU, of a type that model/base/dtype.h lists
};

// Writes under a temporary name and renames the complete file, replacing one that exists.  The metadata get a
// hash of the tensors.  Throws RunError naming the file (for example when the disk is full), and UserError
// for a name that occurs twice.
void WriteTensorFile(const std::string& path, const std::vector<NamedTensor>& tensors,
                     const std::map<std::string, std::string>& metadata);

struct TensorFile {
  std::string path;
  std::map<std::string, torch::Tensor> tensors;
  std::map<std::string, std::string> metadata;

  // Throws UserError naming the file when it has no such tensor …
  const torch::Tensor& Get(const std::string& name) const;
  // … or when the tensor's shape or type differs from that of `like`.
  const torch::Tensor& Get(const std::string& name, const torch::Tensor& like) const;
  // Throws UserError when the key is missing.
  const std::string& Meta(const std::string& key) const;
};

// Throws UserError as ReadSafetensorsHeader does, and for tensors that do not have the hash that the metadata
// name: a damaged state would be trained on without a word.
TensorFile ReadTensorFile(const std::string& path);

}  // namespace plelab
