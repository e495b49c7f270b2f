#include "providers/passphrase_file.h"

#include "base/file.h"
#include "providers/key_file.h"

namespace secretfs {
namespace {

constexpr size_t kLargestPassphrase = size_t{64} * 1024;

}  // namespace

Result<SecretPtr> FirstLine(const SecretBytes& content, const std::string& name) {
  std::string_view text = AsText(content.Expose());
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  if (text.empty()) return Error{Code::kInvalid, "has no passphrase", name, ""};
  return SecretPtr(std::make_shared<const SecretBytes>(TRY(SecretBytes::CopyOf(AsBytes(text)))));
}

Result<SecretPtr> ReadPassphrase(int fd, const std::string& name) {
  return FirstLine(TRY(ReadAllSecret(fd, kLargestPassphrase, name)), name);
}

Result<SecretPtr> ReadPassphraseFile(const std::string& path) {
  return FirstLine(TRY(ReadSecretFile(path, kLargestPassphrase)), path);
}

age::AskPassphrases AskFile(const KeyFile& file, const std::string& credentials_directory) {
  return [file, credentials_directory](const std::string&) -> Result<std::vector<SecretPtr>> {
    std::vector<SecretPtr> passphrases;
    passphrases.push_back(TRY(ReadPassphraseFile(TRY(PathOf(file, credentials_directory)))));
    return passphrases;
  };
}

}  // namespace secretfs
