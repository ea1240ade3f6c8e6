// The rows that a text or a trace asks for, in two parts: those that caches learn from and those measured.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "harness/config/experiment_config.h"
#include "harness/measure/trace_hits.h"
#include "harness/workload/token_text.h"
#include "model/ple/ple_source.h"

namespace plelab {

struct LocalityStream {
  TokenText text;
  PleGeometry geometry;
  std::vector<int64_t> rows;
  size_t learned = 0;  // leading rows that are not measured

  RowStream learn() const { return RowStream(rows).first(learned); }
  RowStream measured() const { return RowStream(rows).subspan(learned); }
  // The stem of the file.
  std::string name() const;
};

// That of `locality: {text_file}` or `{trace}`.  Throws UserError where a file or a tokenizer is missing, an
// id is not in the vocabulary, or nothing is left to measure.
LocalityStream ReadLocalityStream(const ExperimentConfig& config);

// Those of `locality: {traces}`, in their order.  Throws as above.
std::vector<LocalityStream> ReadDomains(const ExperimentConfig& config);

}  // namespace plelab
