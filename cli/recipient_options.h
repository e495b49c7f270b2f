// To whom the foreground tools encrypt: -r RECIPIENT, -R FILE, and -i FILE for the recipients of
// identities.
#pragma once

#include <string>
#include <vector>

#include "cli/identity_options.h"
#include "crypto/recipient_file.h"

namespace secretfs {

class RecipientOptions {
 public:
  /// Declares -r, -R, -i, and what identities and recipients may need.
  void AddTo(CLI::App& app);
  void AddStdinUses(StdinUse& use) const;

  [[nodiscard]] bool empty() const noexcept;
  [[nodiscard]] PassphraseSource& passphrases() const noexcept { return identities_.passphrases(); }

  /// Of all that was given. One bad line is fatal: a file that is encrypted to fewer than was meant
  /// helps nobody. Errors: as of crypto/recipient_file.h and crypto/identity_file.h, saying where.
  [[nodiscard]] Result<std::vector<age::RecipientPtr>> Read() const;

 private:
  std::vector<std::string> recipients_;
  std::vector<std::string> files_;
  IdentityOptions identities_;
};

}  // namespace secretfs
