// What two results say of the conditions they were measured under.
#pragma once

#include <string>
#include <vector>

#include "harness/record/record.h"

namespace plelab {

struct Difference {
  std::string what, a, b;  // such as a key of /meta or of the config, and its value in each
};

// One side of the conditions: the config, the machine, the build, the state of caches, the inputs.
struct Aspect {
  std::string name;
  std::string parts;   // what of it is looked at, for a line that says that all of it agrees
  bool decides_times;  // times are not compared where it differs, unless the user says so
  std::vector<Difference> differences;
};

// config: every key of the two config_yaml.  inputs: the checkpoint, the texts, the tokenizer by their
// hashes. machine: processor, memory, kernel, storage.  build: the commit that the program was built from,
// its diff, compiler, flags, libraries.  cache: for the variants of both, the state that the page cache and
// the PLE cache were in, whether reads were cold, and read-ahead, as /tables/reps has them; and the keys of
// `page_cache` that set such a state.
std::vector<Aspect> DifferencesBetween(const Record& a, const Record& b);

// Whether the outputs of one variant are the same.
struct OutputAgreement {
  std::string variant;
  int64_t compared = 0;            // repetitions of both that recorded a hash
  std::vector<int64_t> differing;  // the repetitions whose hashes differ
};
// For each variant of both, in the order of `a`; the twins of baselines are left out.
std::vector<OutputAgreement> CompareOutputs(const Record& a, const Record& b);

}  // namespace plelab
