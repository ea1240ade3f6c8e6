// Named tensors in one safetensors file: what training writes, and reads to go on.
#pragma once

#include <torch/types.h>

#include <map>
#include <string>
#include <vector>

namespace plelab {

struct NamedTensor {
  std::string name;
  torch::Tensor values;  // on the CPU, of a type in model/io/dtype.h
};

// The file gets its name when it is complete; one that is there is replaced.  Throws RunError naming the file
// (a full disk), UserError for a name that is there twice.
void WriteTensorFile(const std::string& path, const std::vector<NamedTensor>& tensors,
                     const std::map<std::string, std::string>& metadata);

struct TensorFile {
  std::string path;
  std::map<std::string, torch::Tensor> tensors;
  std::map<std::string, std::string> metadata;

  // Throws UserError naming the file where it has no such tensor …
  const torch::Tensor& Get(const std::string& name) const;
  // … or one of another shape or type than `like`.
  const torch::Tensor& Get(const std::string& name, const torch::Tensor& like) const;
  // Throws UserError where it is missing.
  const std::string& Meta(const std::string& key) const;
};

// Throws UserError as ReadSafetensorsHeader.
TensorFile ReadTensorFile(const std::string& path);

}  // namespace plelab
