#include "crypto/ssh_key.h"

#include <string_view>
#include <utility>

#include "crypto/base64.h"
#include "crypto/init.h"
#include "crypto/openssh_key.h"
#include "crypto/pem_key.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kPemBegin = "-----BEGIN ";
constexpr std::string_view kPemEnd = "-----END ";
constexpr std::string_view kPemDashes = "-----";
constexpr std::string_view kPemSpace = " \t\r\n";

Error Invalid(std::string what, std::string hint = {}) {
  return {Code::kInvalid, std::move(what), "", std::move(hint)};
}

struct Pem {
  std::string_view label;
  std::string_view body;  // begins with the rest of the first line
};

/// The one block that is all of `text`.
Result<Pem> FindPem(std::string_view text) {
  const auto damaged = [] { return Invalid("the PEM block is truncated or damaged"); };
  if (!text.starts_with(kPemBegin)) return damaged();
  text.remove_prefix(kPemBegin.size());
  const size_t label_end = text.find(kPemDashes);
  const size_t line_end = text.find('\n');
  if (label_end == std::string_view::npos || label_end > line_end) return damaged();
  Pem pem{text.substr(0, label_end), {}};
  text.remove_prefix(label_end + kPemDashes.size());
  const size_t body_end = text.find(kPemEnd);
  if (body_end == std::string_view::npos) return damaged();
  pem.body = text.substr(0, body_end);
  text.remove_prefix(body_end + kPemEnd.size());
  if (!text.starts_with(pem.label)) return damaged();
  text.remove_prefix(pem.label.size());
  if (!text.starts_with(kPemDashes)) return damaged();
  text.remove_prefix(kPemDashes.size());
  if (text.find_first_not_of(kPemSpace) != std::string_view::npos) {
    return Invalid("there is text behind the private key", "give every key a file of its own");
  }
  return pem;
}

}  // namespace

Error SshKeyOfOtherAlgorithm() {
  return {Code::kUnsupported, "an SSH key that age cannot use", "",
          "only Ed25519 and RSA keys can decrypt"};
}

Result<IdentityPtr> ParseSshPrivateKey(ByteView text, const SshKeyHelp& help) {
  TRY(InitCrypto());
  if (text.size() > kMaxSshKeyBytes) {
    return Error{Code::kTooLarge, "an SSH key file is at most 16 KiB", "", ""};
  }
  Pem pem = TRY(FindPem(AsText(text)));
  if (pem.label == "EC PRIVATE KEY" || pem.label == "DSA PRIVATE KEY") {
    return SshKeyOfOtherAlgorithm();
  }
  const bool open_ssh = pem.label == "OPENSSH PRIVATE KEY";
  const bool pkcs1 = pem.label == "RSA PRIVATE KEY";
  const bool locked_pkcs8 = pem.label == "ENCRYPTED PRIVATE KEY";
  if (!open_ssh && !pkcs1 && !locked_pkcs8 && pem.label != "PRIVATE KEY") {
    return Invalid("a PEM block that is not a private key");
  }
  std::optional<PemEncryption> encryption;
  if (pkcs1) encryption = TRY(TakePemEncryption(pem.body));
  auto content = TRY(crypto::DecodeSecretBase64(AsBytes(pem.body)));
  if (open_ssh) return ParseOpenSshKey(std::move(content), help);
  if (locked_pkcs8) return ParseLockedPkcs8(std::move(content), help);
  if (encryption) return ParseLockedPkcs1(std::move(content), *std::move(encryption), help);
  return pkcs1 ? ParsePkcs1(content.Expose()) : ParsePkcs8(content.Expose());
}

}  // namespace secretfs::age
