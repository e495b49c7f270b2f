#include "crypto/openssh_key.h"

#include <utility>

#include "crypto/bcrypt_pbkdf.h"
#include "crypto/ssh_cipher.h"
#include "crypto/ssh_ed25519.h"
#include "crypto/ssh_key.h"
#include "crypto/ssh_rsa.h"

namespace secretfs::age {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::string_view kMagic = "openssh-key-v1\0"sv;
constexpr std::string_view kNone = "none";
constexpr std::string_view kBcrypt = "bcrypt";
constexpr size_t kEd25519SeedBytes = 32;

Error Invalid(std::string what) { return {Code::kInvalid, std::move(what), "", ""}; }

Result<IdentityPtr> ParseEd25519Fields(WireReader& fields) {
  const ByteView public_key = TRY(fields.String());
  const ByteView seed_and_public = TRY(fields.String());
  if (seed_and_public.size() < kEd25519SeedBytes) return Invalid("the key is truncated or damaged");
  return MakeSshEd25519Identity(seed_and_public.first(kEd25519SeedBytes), public_key);
}

Result<IdentityPtr> ParseRsaFields(WireReader& fields) {
  RsaNumbers numbers;
  numbers.modulus = TRY(fields.Natural());
  numbers.public_exponent = TRY(fields.Natural());
  numbers.private_exponent = TRY(fields.Natural());
  numbers.coefficient = TRY(fields.Natural());
  numbers.prime_1 = TRY(fields.Natural());
  numbers.prime_2 = TRY(fields.Natural());
  return MakeSshRsaIdentity(TRY(MakeRsaKey(numbers)));
}

bool IsUsable(std::string_view type) { return type == "ssh-ed25519" || type == "ssh-rsa"; }

/// The comment, and padding of 1, 2, 3...
Status CheckEnd(WireReader& fields) {
  TRY(fields.String());
  unsigned expected = 1;
  for (const std::byte byte : fields.rest()) {
    if (byte != static_cast<std::byte>(expected++)) return Invalid("the key's padding is damaged");
  }
  return Ok{};
}

/// Errors: kNoMatch when the two check numbers differ, as they do when what was decrypted is noise.
Result<IdentityPtr> ParsePrivateSection(ByteView section) {
  WireReader fields(section);
  const uint32_t check = TRY(fields.Uint32());
  if (check != TRY(fields.Uint32())) {
    return Error{Code::kNoMatch, "the key's check numbers differ", "", ""};
  }
  const std::string_view type = AsText(TRY(fields.String()));
  if (!IsUsable(type)) return SshKeyOfOtherAlgorithm();
  auto identity = TRY(type == "ssh-rsa" ? ParseRsaFields(fields) : ParseEd25519Fields(fields));
  TRY(CheckEnd(fields));
  return identity;
}

/// Views into the container.
struct Container {
  std::string_view cipher;
  std::string_view key_derivation;
  ByteView derivation_options;
  ByteView public_key;
  ByteView section;
  ByteView tag;
};

Result<Container> ParseContainer(ByteView bytes) {
  if (!AsText(bytes).starts_with(kMagic)) return Invalid("not an OpenSSH private key");
  WireReader fields(bytes.subspan(kMagic.size()));
  Container container;
  container.cipher = AsText(TRY(fields.String()));
  container.key_derivation = AsText(TRY(fields.String()));
  container.derivation_options = TRY(fields.String());
  if (TRY(fields.Uint32()) != 1) return Invalid("not exactly one key in the file");
  container.public_key = TRY(fields.String());
  container.section = TRY(fields.String());
  container.tag = fields.rest();
  return container;
}

/// How a passphrase opens a section.
struct Protection {
  const SshCipher* cipher;
  ByteView salt;
  uint32_t rounds;
};

Result<Protection> ParseProtection(const Container& container, uint32_t max_rounds) {
  Protection protection{FindSshCipher(container.cipher), {}, 0};
  if (protection.cipher == nullptr || container.key_derivation != kBcrypt) {
    return Error{Code::kUnsupported, "an SSH key under a cipher that is not known", "",
                 "encrypt it again: `ssh-keygen -p -f`"};
  }
  WireReader options(container.derivation_options);
  protection.salt = TRY(options.String());
  protection.rounds = TRY(options.Uint32());
  if (!options.rest().empty() || protection.salt.empty() || protection.rounds == 0) {
    return Invalid("the key is truncated or damaged");
  }
  if (protection.rounds > max_rounds) {
    return Error{Code::kTooLarge,
                 "the SSH key's passphrase takes " + std::to_string(protection.rounds) +
                     " rounds, above the limit of " + std::to_string(max_rounds),
                 "", "encrypt it again with fewer: `ssh-keygen -p -a 100 -f`"};
  }
  if (container.tag.size() != protection.cipher->tag_bytes) {
    return Invalid("there is data behind the key, or it is truncated");
  }
  return protection;
}

/// Errors: kNoMatch for a wrong passphrase, which cannot always be told from damage.
Result<IdentityPtr> Open(const Container& container, const Protection& protection,
                         const SecretPtr& passphrase) {
  const SshCipher& cipher = *protection.cipher;
  const auto key = TRY(crypto::BcryptPbkdf(passphrase->Expose(), protection.salt, protection.rounds,
                                           cipher.key_bytes + cipher.nonce_bytes));
  const auto section = TRY(DecryptSsh(cipher, key.Expose(), container.section, container.tag));
  return ParsePrivateSection(section.Expose());
}

Result<IdentityPtr> MakeLocked(SecretBytes bytes, const Container& container,
                               const SshKeyHelp& help) {
  const Protection protection = TRY(ParseProtection(container, help.limits.rounds));
  const std::string type(AsText(TRY(WireReader(container.public_key).String())));
  if (!IsUsable(type)) return SshKeyOfOtherAlgorithm();
  SshPublicKey public_key(Bytes(container.public_key.begin(), container.public_key.end()));
  auto open = [owner = std::make_shared<const SecretBytes>(std::move(bytes)), container, protection,
               expected = type + " " + public_key.fingerprint()](
                  const SecretPtr& passphrase) -> Result<std::vector<IdentityPtr>> {
    auto identity = Open(container, protection, passphrase);
    if (!identity && identity.error().code == Code::kNoMatch) {
      return Error{Code::kNoMatch, "wrong passphrase", "", ""};
    }
    if (!identity) return std::move(identity).error();
    if ((*identity)->Describe() != expected)
      return Invalid("the key's two halves do not belong together");
    return std::vector<IdentityPtr>{*std::move(identity)};
  };
  return MakeLockedSshKey(type, std::move(public_key), help, std::move(open));
}

}  // namespace

Result<IdentityPtr> ParseOpenSshKey(SecretBytes bytes, const SshKeyHelp& help) {
  const Container container = TRY(ParseContainer(bytes.Expose()));
  const bool open = container.cipher == kNone && container.key_derivation == kNone;
  if (!open) return MakeLocked(std::move(bytes), container, help);
  if (!container.tag.empty()) return Invalid("there is data behind the key");
  auto identity = ParsePrivateSection(container.section);
  if (!identity && identity.error().code == Code::kNoMatch) return Invalid("the key is damaged");
  return identity;
}

}  // namespace secretfs::age
