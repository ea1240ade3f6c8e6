// A small training run: a tiny shape, a corpus of a few documents, and its config.
#pragma once

#include <cstdint>
#include <string>

#include "tests/support/temporary_folder.h"

namespace plelab::testing {

class TinyTraining {
 public:
  TinyTraining();

  std::string shape() const { return folder_ / "tiny.json"; }
  std::string tokens() const { return folder_ / "tokens"; }
  std::string output(const std::string& name = "run") const { return folder_ / name; }
  std::string config_path() const { return folder_ / "training.yaml"; }
  std::string folder() const { return folder_.path(); }

  // The run saves its state after every step.  `more`: lines of further sections.
  std::string Yaml(int64_t budget, const std::string& name = "run", const std::string& more = "") const;

 private:
  TemporaryFolder folder_;
};

}  // namespace plelab::testing
