#include "tests/support/golden.h"

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <stdexcept>

namespace plelab {
namespace {

torch::ScalarType TypeOf(const std::string& name) {
  if (name == "F32") return torch::kFloat32;
  if (name == "BF16") return torch::kBFloat16;
  if (name == "I64") return torch::kInt64;
  if (name == "I32") return torch::kInt32;
  if (name == "U8") return torch::kUInt8;
  if (name == "BOOL") return torch::kBool;
  throw std::runtime_error("golden: dtype " + name + " is not read here");
}

const std::string kTextData = PLELAB_SOURCE_DIR "/tests/data/text/";

}  // namespace

TensorMap ReadTensors(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file), {}};
  if (bytes.size() < 8) throw std::runtime_error("golden: cannot read " + path);
  uint64_t header_size = 0;
  std::memcpy(&header_size, bytes.data(), sizeof(header_size));
  const char* data = bytes.data() + 8 + header_size;
  TensorMap tensors;
  const nlohmann::json header = nlohmann::json::parse(bytes.data() + 8, data);
  for (const auto& [name, entry] : header.items()) {
    if (name == "__metadata__") continue;
    const auto tensor = torch::empty(entry["shape"].get<std::vector<int64_t>>(), TypeOf(entry["dtype"]));
    tensors[name] = tensor;
    if (tensor.numel() == 0) continue;  // its pointer is null, which memcpy must not be given
    std::memcpy(tensor.data_ptr(), data + entry["data_offsets"][0].get<size_t>(), tensor.nbytes());
  }
  return tensors;
}

TextGolden::TextGolden(const std::string& name)
    : checkpoint(std::make_shared<const Checkpoint>(Checkpoint::Open(kTextData + name))),
      tensors(ReadTensors(kTextData + name + "/golden.safetensors")) {}

std::vector<std::string> TextGoldenNames() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kTextData)) {
    if (std::filesystem::exists(entry.path() / "golden.safetensors"))
      names.push_back(entry.path().filename());
  }
  std::sort(names.begin(), names.end());
  return names;
}

double MaxAbs(const torch::Tensor& x) { return x.abs().max().item<double>(); }
double Rms(const torch::Tensor& x) { return x.to(torch::kFloat64).square().mean().sqrt().item<double>(); }
double LogitTolerance(const torch::Tensor& reference_logits) { return 2e-4 * MaxAbs(reference_logits); }

}  // namespace plelab
