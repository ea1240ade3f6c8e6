#include "model/vocabulary/bpe_order.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <span>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "model/base/error.h"

namespace plelab {
namespace {

constexpr int32_t kNever = std::numeric_limits<int32_t>::max();
// Characters of a run whose merges are tried out, which takes the cube of it.  Gemma's longest have 31.
constexpr size_t kLongestRun = 64;

size_t CharacterLength(std::string_view text) {
  size_t length = 1;
  while (length < text.size() && (static_cast<uint8_t>(text[length]) & 0xC0) == 0x80) ++length;
  return length;
}

// One merge of a piece: its parts and its place in the list.
struct Split {
  int32_t left = -1, right = -1, rank = -1;
};

class MergeList {
 public:
  MergeList(const JsonVocabulary& vocabulary, std::string path)
      : pieces_(vocabulary.pieces), path_(std::move(path)) {
    ids_.reserve(pieces_.size());
    for (size_t id = 0; id < pieces_.size(); ++id) {
      if (!pieces_[id].empty()) ids_.emplace(pieces_[id], static_cast<int32_t>(id));
    }
    GroupByResult(vocabulary.merges);
  }

  std::vector<int32_t> Order() {
    RequireOneOrder();
    const std::vector<bool> urgent = UrgentPieces();
    for (int32_t id = 0; id < std::ssize(pieces_); ++id) {
      if (Splits(id).empty()) continue;
      RequireAllSplits(id);
      RequireLeftmostFirst(id);
      if (urgent[id] && Splits(id).size() > 1) RequireEqualTwins(id);
    }
    return place_;
  }

 private:
  // Where the symbols of a text begin, and their ids (−1: a character that is no piece).
  struct Symbol {
    size_t begin = 0, size = 0;
    int32_t id = -1;
  };
  using Symbols = std::vector<Symbol>;

  std::span<const Split> Splits(int32_t id) const {
    return std::span(splits_).subspan(begin_[id], begin_[id + 1] - begin_[id]);
  }
  int32_t Id(std::string_view piece) const {
    const auto found = ids_.find(piece);
    return found == ids_.end() ? -1 : found->second;
  }
  // A piece that can be a symbol: a single character, or what a merge makes.
  bool IsFormable(int32_t id) const {
    return id >= 0 && (!Splits(id).empty() || CharacterLength(pieces_[id]) == pieces_[id].size());
  }
  int32_t Rank(int32_t result, int32_t left) const {
    for (const Split& split : Splits(result)) {
      if (split.left == left) return split.rank;
    }
    return kNever;
  }
  [[noreturn]] void Refuse(const std::string& difference) const {
    throw UserError(
        "{}: {}: a sentencepiece model cannot express this list of merges; use the tokenizer.model that this "
        "vocabulary was made from",
        path_, difference);
  }

  void GroupByResult(const std::vector<JsonVocabulary::Merge>& merges) {
    begin_.assign(pieces_.size() + 1, 0);
    for (const auto& merge : merges) ++begin_[merge.result + 1];
    std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
    splits_.resize(merges.size());
    std::vector<size_t> next(begin_.begin(), begin_.end() - 1);
    for (size_t rank = 0; rank < merges.size(); ++rank) {
      const auto& [left, right, result] = merges[rank];
      splits_[next[result]++] = {left, right, static_cast<int32_t>(rank)};
    }
    for (int32_t id = 0; id < std::ssize(pieces_); ++id) {
      std::vector<int32_t> lefts;
      for (const Split& split : Splits(id)) lefts.push_back(split.left);
      std::ranges::sort(lefts);
      if (const auto twice = std::ranges::adjacent_find(lefts); twice != lefts.end()) {
        throw UserError("{}: the merge of '{}' into '{}' is listed twice", path_, pieces_[*twice],
                        pieces_[id]);
      }
    }
  }

  // Sorts pieces by the rank of their first merge, and requires that those of different pieces lie apart.
  void RequireOneOrder() {
    std::vector<int32_t> made;
    for (int32_t id = 0; id < std::ssize(pieces_); ++id) {
      if (!Splits(id).empty()) made.push_back(id);
    }
    std::ranges::sort(made, {}, [&](int32_t id) { return Splits(id).front().rank; });
    place_.assign(pieces_.size(), -1);
    for (size_t i = 0; i < made.size(); ++i) place_[made[i]] = static_cast<int32_t>(i);
    for (size_t begin = 0; begin < made.size();) {
      int32_t last = Splits(made[begin]).back().rank;
      size_t end = begin + 1;
      for (; end < made.size() && Splits(made[end]).front().rank < last; ++end) {
        last = std::max(last, Splits(made[end]).back().rank);
      }
      if (end - begin > 1) RequireRuns(std::span(made).subspan(begin, end - begin), last);
      begin = end;
    }
  }

  // Pieces whose merges interleave must be runs of one character each.  What makes use of them comes later,
  // so a run in a text is merged on its own, whatever stands beside it.
  void RequireRuns(std::span<const int32_t> cluster, int32_t last_rank) {
    std::unordered_map<std::string_view, size_t> longest;  // characters, by character
    for (const int32_t id : cluster) {
      const std::string_view piece = pieces_[id], one = piece.substr(0, CharacterLength(piece));
      for (size_t at = 0; at < piece.size(); at += one.size()) {
        if (piece.substr(at, one.size()) == one) continue;
        const int32_t other = id == cluster[0] ? cluster[1] : cluster[0];
        Refuse(Format("the merges of '{}' and of '{}' interleave", piece, pieces_[other]));
      }
      size_t& most = longest[one];
      most = std::max(most, piece.size() / one.size());
    }
    std::vector<bool> is_in_cluster(pieces_.size());
    for (const int32_t id : cluster) is_in_cluster[id] = true;
    for (int32_t id = 0; id < std::ssize(pieces_); ++id) {
      for (const Split& split : Splits(id)) {
        if (split.rank > last_rank || (!is_in_cluster[split.left] && !is_in_cluster[split.right])) continue;
        if (!is_in_cluster[id])
          Refuse(Format("'{}' is merged before the runs that it consists of", pieces_[id]));
      }
    }
    for (const auto& [one, most] : longest) RequireEqualRuns(one, most);
  }

  void RequireEqualRuns(std::string_view character, size_t longest) const {
    if (longest > kLongestRun) {
      throw UserError(
          "{}: a piece is {} times '{}'; expected at most {} where merges of runs interleave; use the "
          "tokenizer.model that this vocabulary was made from",
          path_, longest, character, kLongestRun);
    }
    std::string text;
    for (size_t n = 1; n <= 4 * longest; ++n) {
      text += character;
      if (!IsMergedAlike(text)) Refuse(Format("{} times '{}' would be merged otherwise", n, character));
    }
  }

  // Pieces that are a part of one that comes before them: once made they are merged on at once.
  std::vector<bool> UrgentPieces() const {
    std::vector<bool> urgent(pieces_.size());
    for (int32_t id = 0; id < std::ssize(pieces_); ++id) {
      for (const Split& split : Splits(id)) {
        for (const int32_t part : {split.left, split.right}) {
          if (place_[id] < place_[part]) urgent[part] = true;
        }
      }
    }
    return urgent;
  }

  // Which of two neighbouring pairs that make the same piece comes first matters where that piece is urgent.
  void RequireEqualTwins(int32_t id) const {
    const std::string text = std::string(pieces_[id]) + std::string(pieces_[id]);
    if (!IsMergedAlike(text)) Refuse(Format("'{}' would be merged otherwise", text));
  }

  bool IsMergedAlike(std::string_view text) const {
    Symbols by_score = Characters(text);
    while (MergeOnce(text, by_score, /*by_rank=*/false)) {
    }
    return std::ranges::equal(by_score, MergedByRank(text), {}, &Symbol::begin, &Symbol::begin);
  }

  Symbols MergedByRank(std::string_view text) const {
    Symbols symbols = Characters(text);
    while (MergeOnce(text, symbols, /*by_rank=*/true)) {
    }
    return symbols;
  }

  // Every way to halve the piece into symbols must be in the list, or never come up.
  void RequireAllSplits(int32_t id) const {
    const std::string_view piece = pieces_[id];
    Symbols merged;  // as the list does it, once it is needed
    for (size_t at = CharacterLength(piece); at < piece.size(); at += CharacterLength(piece.substr(at))) {
      const int32_t left = Id(piece.substr(0, at));
      if (!IsFormable(left)) continue;
      const int32_t right = Id(piece.substr(at));
      if (!IsFormable(right) || Rank(id, left) != kNever) continue;
      if (merged.empty()) merged = MergedByRank(piece);
      if (merged.size() != 2 || merged[0].size != at) continue;
      Refuse(Format("'{}' and '{}' make the piece '{}', but are not in the list", pieces_[left],
                    pieces_[right], piece));
    }
  }

  // Where the piece overlaps itself (A + S = S + B, in a text A S B), the left pair must come first.
  void RequireLeftmostFirst(int32_t id) const {
    const std::string_view piece = pieces_[id];
    for (const Split& first : Splits(id)) {
      const std::string_view middle = pieces_[first.right];
      if (!piece.starts_with(middle) || Rank(id, first.right) >= first.rank) continue;
      const std::string text = std::string(pieces_[first.left]) + std::string(piece);
      Symbols symbols = Characters(text);
      const size_t left = pieces_[first.left].size(), right = left + middle.size();
      do {
        if (symbols.size() != 3 || symbols[1].begin != left || symbols[2].begin != right) continue;
        Refuse(Format("in '{}' the right '{}' is merged before the left one", text, piece));
      } while (MergeOnce(text, symbols, /*by_rank=*/true));
    }
  }

  Symbols Characters(std::string_view text) const {
    Symbols symbols;
    for (size_t at = 0; at < text.size();) {
      const size_t size = CharacterLength(text.substr(at));
      symbols.push_back({at, size, Id(text.substr(at, size))});
      at += size;
    }
    return symbols;
  }

  // Merges the best pair, by the list or as sentencepiece would.  False when there is none.
  bool MergeOnce(std::string_view text, Symbols& symbols, bool by_rank) const {
    int32_t best = kNever, result = -1;
    size_t at = 0;
    for (size_t i = 0; i + 1 < symbols.size(); ++i) {
      const int32_t id = Id(text.substr(symbols[i].begin, symbols[i].size + symbols[i + 1].size));
      if (id < 0 || place_[id] < 0) continue;
      const int32_t value = by_rank ? Rank(id, symbols[i].id) : place_[id];
      if (value >= best) continue;
      best = value, result = id, at = i;
    }
    if (result < 0) return false;
    symbols[at].size += symbols[at + 1].size;
    symbols[at].id = result;
    symbols.erase(symbols.begin() + static_cast<ptrdiff_t>(at) + 1);
    return true;
  }

  const std::vector<std::string_view>& pieces_;
  std::string path_;
  std::unordered_map<std::string_view, int32_t> ids_;
  std::vector<size_t> begin_;  // [pieces + 1] where each piece's splits begin in splits_
  std::vector<Split> splits_;  // by piece, then by rank
  std::vector<int32_t> place_;
};

}  // namespace

std::vector<int32_t> OrderOfPieces(const JsonVocabulary& vocabulary, const std::string& path) {
  return MergeList(vocabulary, path).Order();
}

}  // namespace plelab
