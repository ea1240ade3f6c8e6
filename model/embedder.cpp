#include "model/embedder.h"

#include "model/ops.h"

namespace plelab {
namespace {

torch::Tensor Project(const torch::Tensor& normed, const EmbedderWeights& w, double eps) {
  return RmsNorm(Linear(normed, w.embedding_projection), /*weight=*/{}, eps);
}

}  // namespace

torch::Tensor EmbedHardTokens(const torch::Tensor& entries, const EmbedderWeights& w, double eps) {
  return Project(RmsNorm(torch::embedding(w.embedding, entries), w.hard_embedding_norm, eps), w, eps);
}

torch::Tensor EmbedSoftTokens(const torch::Tensor& features, const EmbedderWeights& w, double eps) {
  return Project(RmsNorm(features, w.soft_embedding_norm, eps), w, eps);
}

}  // namespace plelab
