#include "crypto/age.h"

#include <algorithm>
#include <array>
#include <vector>

#include "base/text.h"
#include "crypto/age_file.h"
#include "crypto/age_stream.h"
#include "crypto/hkdf.h"
#include "crypto/hybrid.h"
#include "crypto/init.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kScryptType = "scrypt";

/// "Scrypt recipient type": its stanza stands alone, or whoever knows the passphrase could be made
/// to believe that the file is from one who knows it too.
Status CheckScryptAlone(const Header& header) {
  const auto is_scrypt = [](const Stanza& stanza) { return stanza.type == kScryptType; };
  if (header.stanzas.size() > 1 && std::ranges::any_of(header.stanzas, is_scrypt)) {
    return Error{Code::kHeader, "a scrypt stanza is not the only one", "", ""};
  }
  return Ok{};
}

/// The types in the file, once each; what a file says is cut to a readable length.
std::vector<std::string> StanzaTypes(const Header& header) {
  constexpr size_t kMostNamed = 16;
  constexpr size_t kLongestName = 40;
  std::vector<std::string> types;
  for (const Stanza& stanza : header.stanzas) {
    const std::string type = stanza.type.substr(0, kLongestName);
    if (std::ranges::find(types, type) == types.end()) types.push_back(type);
    if (types.size() == kMostNamed) break;
  }
  return types;
}

bool IsForHardware(std::string_view type) {
  return type == "p256tag" ||
         type == "mlkem768p256tag";  // C2SP age.md, "The tagged recipient types"
}

/// What would help, given what the file has.
std::string Advice(std::span<const std::string> types, bool tried_some) {
  if (std::ranges::find(types, kHybridType) != types.end() && !HybridSupported()) {
    return "; this build has no post-quantum keys: " + std::string(kHybridHint);
  }
  if (std::ranges::all_of(types, IsForHardware)) {
    return "; only the plugin of the hardware key opens it, such as age-plugin-yubikey, "
           "age-plugin-tpm or age-plugin-se";
  }
  return tried_some ? "; encrypt the file to one of these, or add its identity" : "";
}

Error NoMatch(const Header& header, std::span<const std::string> tried) {
  const auto types = StanzaTypes(header);
  Error error{Code::kNoMatch, "no identity matched; the file is encrypted to: " + Join(types), "",
              ""};
  error.hint = tried.empty() ? "no identity was given" : "tried " + Join(tried, "; ");
  error.hint += Advice(types, !tried.empty());
  return error;
}

Result<SecretBytes> UnwrapFileKey(const Header& header, std::span<const IdentityPtr> identities) {
  TRY(CheckScryptAlone(header));
  std::vector<std::string> tried;
  for (const IdentityPtr& identity : identities) {
    auto file_key = identity->Unwrap(header.stanzas);
    if (file_key && file_key->size() != kFileKeyBytes) {
      return Error{Code::kHeader, "the file key is not 16 bytes", "", ""};
    }
    if (file_key || file_key.error().code != Code::kNoMatch) return file_key;
    tried.push_back(identity->Describe() + " (" + file_key.error().what + ")");
  }
  return NoMatch(header, tried);
}

/// Reads the nonce that begins the payload.
Result<SecretBytes> DerivePayloadKey(AgeFile& file, const SecretBytes& file_key) {
  std::array<std::byte, kPayloadNonceBytes> nonce;
  if (TRY(ReadFull(file.payload(), nonce)) < nonce.size()) {
    return Error{Code::kHeader, "the file ends before its payload's nonce", "", ""};
  }
  return crypto::HkdfSha256(file_key.Expose(), nonce, AsBytes("payload"));
}

}  // namespace

Result<SecretBytes> OpenPayloadKey(AgeFile& file, std::span<const IdentityPtr> identities) {
  TRY(InitCrypto());
  const auto file_key = TRY(UnwrapFileKey(file.header(), identities));
  TRY(VerifyMac(file.header(), file.header_text(), file_key));
  return DerivePayloadKey(file, file_key);
}

struct Decryption::State {
  std::unique_ptr<AgeFile> file;
  StreamReader stream;
};

Decryption::Decryption(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Decryption::Decryption(Decryption&&) noexcept = default;
Decryption& Decryption::operator=(Decryption&&) noexcept = default;
Decryption::~Decryption() = default;

Result<Decryption> Decryption::Open(ByteSource& in, std::span<const IdentityPtr> identities) {
  auto file = TRY(AgeFile::Open(in));
  const auto payload_key = TRY(OpenPayloadKey(*file, identities));
  auto stream = TRY(StreamReader::Make(file->payload(), payload_key));
  return Decryption(std::unique_ptr<State>(new State{std::move(file), std::move(stream)}));
}

Result<ByteView> Decryption::Next() { return state_->stream.Next(); }

Result<SecretBytes> DecryptAll(ByteSource& in, std::span<const IdentityPtr> identities,
                               size_t max_size) {
  auto decryption = TRY(Decryption::Open(in, identities));
  SecretBuilder plaintext;
  while (true) {
    const ByteView chunk = TRY(decryption.Next());
    if (chunk.empty()) return plaintext.Finish();
    if (chunk.size() > max_size - plaintext.size()) {
      return Error{Code::kTooLarge,
                   "the plaintext is larger than " + std::to_string(max_size) + " bytes", "", ""};
    }
    plaintext.Append(chunk);
  }
}

}  // namespace secretfs::age
