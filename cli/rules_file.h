// The rules that hold for a file: found in its folder or the nearest one above, as git finds its
// repository, or named. Shared by edit and rekey.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "cli/identity_options.h"
#include "core/rules.h"
#include "crypto/plugin.h"
#include "crypto/recipient.h"

namespace CLI {
class App;
}

namespace secretfs {

class RulesFile {
 public:
  /// Errors: kNotFound with a hint how to write one, kInvalid for what is wrong in it.
  static Result<RulesFile> Load(const std::string& path);
  /// Looks in `folder`, and upwards. Errors: also kPermission for a file, or one in a folder, that
  /// another user than root and this one may have written.
  static Result<RulesFile> Find(const std::string& folder);

  [[nodiscard]] const std::string& path() const noexcept { return path_; }
  [[nodiscard]] const Rules& rules() const noexcept { return rules_; }
  /// The rule for `file`, by where it lies, which is where a link leads. Errors: kNotFound when
  /// none fits, or the file is elsewhere; kPermission, for rules that were found, when another user
  /// may write in its folder.
  [[nodiscard]] Result<const FileRule*> RuleFor(const std::string& file) const;

 private:
  static Result<RulesFile> Parse(const std::string& path, ByteView text);
  RulesFile(std::string path, Rules rules) : path_(std::move(path)), rules_(std::move(rules)) {}
  std::string path_;
  Rules rules_;
  bool found_ = false;  // and not named
};

/// The file that the option names, or else the nearest to `file`.
Result<RulesFile> RulesFor(const std::string& option, const std::string& file);
void AddRulesOption(CLI::App& app, std::string& file);

/// Errors: as of crypto/recipient_file.h, with the place in the rules or the line of a file.
Result<std::vector<age::RecipientPtr>> RecipientsOf(const FileRule& rule,
                                                    const age::PluginHostPtr& plugins);

/// What opens the files: what the options give, else the rules' identities, else the user's SSH
/// keys; and the passphrase, for a file that has one. Errors: as of IdentityOptions::Read().
Result<std::vector<age::IdentityPtr>> IdentitiesFor(const RulesFile& rules,
                                                    const IdentityOptions& options);

/// For ExplainNoMatch() of cli/identity_options.h.
inline constexpr const char* kNoIdentitiesHint = "give -i FILE, or name 'identities' in the rules";

/// The folder that `file` stands in, absolute. Errors: kNotFound when it is not there.
Result<std::string> FolderOf(const std::string& file);

}  // namespace secretfs
