#include "model/base/nearest_word.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "model/base/format.h"

namespace plelab {
namespace {

constexpr size_t kMostEdits = 2;

// The Levenshtein distance.
size_t Edits(std::string_view a, std::string_view b) {
  std::vector<size_t> edits(b.size() + 1);  // from the prefix of a read so far to each prefix of b
  std::iota(edits.begin(), edits.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = edits[0];
    edits[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = edits[j + 1];
      edits[j + 1] = std::min({replaced, diagonal + 1, edits[j] + 1});
    }
  }
  return edits[b.size()];
}

}  // namespace

std::string DidYouMean(std::string_view word, std::span<const std::string_view> known) {
  std::string_view nearest;
  size_t least = kMostEdits + 1;
  for (const std::string_view candidate : known) {
    const size_t edits = Edits(word, candidate);
    if (edits >= least || edits >= std::min(word.size(), candidate.size())) continue;
    nearest = candidate;
    least = edits;
  }
  return nearest.empty() ? "" : Format("; did you mean '{}'?", nearest);
}

}  // namespace plelab
