// Whether a list of merges, as the tokenizers library reads it, can be said with one score for each piece, as
// sentencepiece needs it.
//
// Both begin with single characters and merge neighbours, the best pair first, of equals the leftmost.  They
// differ in what "best" is: tokenizers has a rank for each pair and merges no other pairs, sentencepiece has
// a score for each piece and merges whatever spells a piece.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/vocabulary/tokenizer_json.h"

namespace plelab {

// For each id its place in the order in which pieces are preferred (0 is the first), or −1 for a piece that
// no merge makes.  With −place as its score sentencepiece merges as the list does.
//
// A state that only some neighbourhoods reach is reached, if at all, when its own characters are merged
// alone: merges do not cross the edges of pieces that are still there.  So each pair that the two would treat
// differently is merged alone, and counts only if that ends in the difference.
//
// Throws UserError naming the pieces: for a pair that would be merged and is not in the list, for pairs of
// two pieces whose ranks interleave (runs of one character, such as spaces and line ends, may), and where of
// two overlapping pairs that make the same piece the right one comes first.
std::vector<int32_t> OrderOfPieces(const JsonVocabulary& vocabulary, const std::string& path);

}  // namespace plelab
