// Where the foreground tools get passphrases from: descriptors and systemd credentials that options
// name, $AGE_PASSPHRASE, else the person at the terminal. Never the command line, which everybody
// can see.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/secret_bytes.h"
#include "cli/stdin_use.h"
#include "crypto/passphrase.h"

namespace CLI {
class App;
}

namespace secretfs {

/// Thread-safe. Everything is read once, when it is first asked for.
class PassphraseSource {
 public:
  /// Declares --passphrase-fd and --passphrase-credential.
  void AddOptions(CLI::App& app);
  void AddStdinUses(StdinUse& use) const;

  /// Those that were given; if none was, the terminal is asked about `of`. Errors: kNotFound when
  /// there is no terminal either, kInvalid when one given is empty.
  Result<std::vector<SecretPtr>> Ask(const std::string& of);
  /// The same for a passphrase that is new: just one, and typed twice.
  Result<SecretPtr> AskNew(const std::string& of);

 private:
  Status ReadGiven();

  std::vector<int> fds_;
  std::vector<std::string> credentials_;
  std::mutex mutex_;  // guards what follows
  bool read_ = false;
  std::vector<SecretPtr> given_;
};

/// For crypto, which asks when it needs one.
age::AskPassphrases AskFrom(const std::shared_ptr<PassphraseSource>& source);

}  // namespace secretfs
