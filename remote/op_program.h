// Runs `op`, 1Password's command-line tool, with the token of a service account, which it gets by
// its environment and nowhere else. It never sees ours, leaves no daemon behind, and keeps what it
// writes in a folder of its own. Thread-safe.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "remote/store.h"

namespace secretfs::remote {

struct OpProgramOptions {
  std::string program;     // absolute; empty: where it is usually installed
  std::string token_file;  // absolute
  std::string folder;      // absolute; made when it is first needed, for us alone
};

class OpProgram {
 public:
  explicit OpProgram(OpProgramOptions options) : options_(std::move(options)) {}

  /// What it writes to standard output. `requests`: what it costs. Errors: as of ReadToken() and
  /// CheckServiceToken(), before anything is spent; of Call::Spend(); of RunProgram() and
  /// OpError().
  Result<SecretBytes> Run(std::vector<std::string> arguments, ByteView input, size_t limit,
                          unsigned requests, Call& call, const std::stop_token& stop) const;
  [[nodiscard]] const std::string& token_file() const noexcept { return options_.token_file; }

 private:
  const OpProgramOptions options_;
};

}  // namespace secretfs::remote
