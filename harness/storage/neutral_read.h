// One read before each turn, the same whoever runs: what came before then counts less.
#pragma once

#include <cstdint>
#include <memory>
#include <random>
#include <string>

#include "model/io/random_access_file.h"

namespace plelab {

// A disk that has just answered answers the next read sooner, and a core that has just waited for one
// computes more slowly, both for some milliseconds.  Behind a variant that reads the others would find
// another machine than behind one that does not; after this read they find the same one.
class NeutralRead {
 public:
  // Of the file at `path`, past the page cache.  Where its file system has no such reads there is no disk
  // either, and nothing is read.
  explicit NeutralRead(const std::string& path);

  // Reads one block at a random place, in the calling thread.  An error of the disk is not reported here: the
  // variant that reads the file will meet it.
  void Read();

 private:
  std::unique_ptr<RandomAccessFile> file_;
  std::mt19937_64 random_;  // the same places in each repetition
};

}  // namespace plelab
