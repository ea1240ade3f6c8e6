// Small PLE tables with known bytes, and helpers that read them back.  Free of torch.
#pragma once

#include <random>
#include <vector>

#include "model/ple/strategies/factory.h"

namespace plelab {

inline std::vector<std::byte> RandomBytes(int64_t size, uint32_t seed) {
  std::mt19937 generator(seed);
  std::vector<std::byte> bytes(size);
  for (std::byte& byte : bytes) byte = static_cast<std::byte>(generator() & 0xff);
  return bytes;
}

// The bytes of a file: `offset` other bytes, then the table, then nothing.
struct TableBytes {
  explicit TableBytes(const PleGeometry& geometry, int64_t offset = 0, uint32_t seed = 1)
      : geometry(geometry), offset(offset), file(RandomBytes(offset + geometry.table_bytes(), seed)) {}

  PleTable At(const std::string& path) const { return {path, offset, geometry}; }
  // The expected slice of layer `layer` of a request for `ids`, computed without the code under test.
  std::vector<std::byte> Expected(const std::vector<int64_t>& ids, int64_t layer) const {
    std::vector<std::byte> rows;
    for (int64_t id : ids) {
      const int64_t row = id < 0 || id >= geometry.vocab ? 0 : id;
      const auto begin = file.begin() + offset + row * geometry.row_bytes() + layer * geometry.layer_bytes();
      rows.insert(rows.end(), begin, begin + geometry.layer_bytes());
    }
    return rows;
  }

  PleGeometry geometry;
  int64_t offset;
  std::vector<std::byte> file;
};

// A table as published, of which only the shape matters.
inline PleTable TableOf(const PleGeometry& geometry) { return {.path = "", .geometry = geometry}; }

inline std::vector<std::byte> Copy(std::span<const std::byte> bytes) { return {bytes.begin(), bytes.end()}; }

// The rows of a request, layer after layer: [layers, n, dim].
inline std::vector<std::byte> AllLayers(PleRequest& request, int64_t layers) {
  std::vector<std::byte> all;
  for (int64_t layer = 0; layer < layers; ++layer) {
    const auto rows = request.Layer(layer);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

inline std::vector<std::byte> AllLayersExpected(const TableBytes& table, const std::vector<int64_t>& ids) {
  std::vector<std::byte> all;
  for (int64_t layer = 0; layer < table.geometry.layers; ++layer) {
    const auto rows = table.Expected(ids, layer);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  return all;
}

}  // namespace plelab
