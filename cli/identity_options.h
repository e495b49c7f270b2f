// What opens age files in the foreground tools: -i FILE, passphrases, the folder of plugins. Shared
// by decrypt, encrypt, keygen, edit and rekey.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cli/passphrase.h"
#include "cli/stdin_use.h"
#include "crypto/age.h"
#include "crypto/identity_file.h"

namespace secretfs {

class IdentityOptions {
 public:
  /// Declares -i and the options for passphrases and plugins.
  void AddTo(CLI::App& app);
  /// Without -i: for commands that name their files in another way.
  void AddHelpTo(CLI::App& app);
  void AddStdinUses(StdinUse& use) const;

  [[nodiscard]] const std::vector<std::string>& files() const noexcept { return files_; }
  [[nodiscard]] PassphraseSource& passphrases() const noexcept { return *passphrases_; }
  /// What identities and recipients may need beside their text.
  [[nodiscard]] age::IdentityHelp Help() const;

  /// The identities of the -i files or, if there is none, of `defaults`. A file or line that gives
  /// none is a warning as long as another one does. Errors: that of a file, when no file gives one.
  [[nodiscard]] Result<std::vector<age::IdentityPtr>> Read(
      const std::vector<std::string>& defaults = {}) const;
  /// Those of `files`, all of them: for encrypting. Errors: that of the first file or line that
  /// gives none.
  [[nodiscard]] Result<std::vector<age::IdentityPtr>> ReadAll(
      const std::vector<std::string>& files) const;

 private:
  std::vector<std::string> files_;
  std::string plugin_folder_;
  std::shared_ptr<PassphraseSource> passphrases_ = std::make_shared<PassphraseSource>();
};

/// Tells the person of identities that do not work, although another one opened the file.
void WarnOfIdentities(const age::Decryption& decryption);

/// Replaces the hint when nothing matched since there was nothing but a passphrase to ask for, and
/// the file is under none.
void ExplainNoMatch(Error& error, std::span<const age::IdentityPtr> identities, std::string hint);

}  // namespace secretfs
