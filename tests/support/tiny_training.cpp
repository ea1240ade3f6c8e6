#include "tests/support/tiny_training.h"

#include <filesystem>
#include <utility>
#include <vector>

#include "model/base/format.h"
#include "tests/support/checkpoint_files.h"

namespace plelab::testing {
namespace {

struct Split {
  std::string ids;  // the bytes of uint16 values, little-endian
  int64_t count = 0;
  std::vector<int64_t> offsets, bytes, domains;
};

// Document d is bos, then 5 + d mod 7 tokens, each of which follows from the last by a rule that can be
// learned.
Split MakeSplit(int64_t documents) {
  Split split;
  for (int64_t d = 0; d < documents; ++d) {
    split.offsets.push_back(split.count);
    split.bytes.push_back(2 * (5 + d % 7));
    split.domains.push_back(d % 2);
    int64_t id = 2;
    for (int64_t i = 0; i < 6 + d % 7; ++i, ++split.count) {
      split.ids.push_back(static_cast<char>(id));
      split.ids.push_back('\0');
      id = 3 + (3 * id + d % 3) % 29;
    }
  }
  return split;
}

std::string Describe(const std::string& name, const Split& split) {
  return Format(R"("{}": {{"ids": {}, "sha256": "abc", "documents_table": {{"domains": ["even", "odd"],
"offset": [{}], "bytes": [{}], "domain": [{}]}}}})",
                name, split.count, Join(split.offsets, ","), Join(split.bytes, ","),
                Join(split.domains, ","));
}

}  // namespace

TinyTraining::TinyTraining() {
  WriteText(shape(), TinyConfig());
  std::filesystem::create_directory(tokens());
  std::vector<std::string> described;
  for (const auto& [name, documents] :
       {std::pair{"train", 40}, std::pair{"valid", 4}, std::pair{"test", 6}}) {
    const Split split = MakeSplit(documents);
    WriteText(Format("{}/{}.bin", tokens(), name), split.ids);
    described.push_back(Describe(name, split));
  }
  WriteText(tokens() + "/meta.json", Format(R"({{"bos": 2, "splits": {{{}}}}})", Join(described, ", ")));
}

std::string TinyTraining::Yaml(int64_t budget, const std::string& name, const std::string& more) const {
  return Format(R"(arm: {{name: tiny, shape: {}}}
tokens: {{folder: {}, budget: {}, context: 8, batch: 4}}
compute: {{threads: 1}}
output: {{folder: {}, result: {}.h5, save_every_s: 0}}
{})",
                shape(), tokens(), budget, output(name), output(name), more);
}

}  // namespace plelab::testing
