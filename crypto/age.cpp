#include "crypto/age.h"

#include <array>

#include "crypto/age_file.h"
#include "crypto/age_stream.h"
#include "crypto/file_key.h"
#include "crypto/hkdf.h"
#include "crypto/init.h"
#include "crypto/recipients_mark.h"

namespace secretfs::age {
namespace {

/// Reads the nonce that begins the payload.
Result<SecretBytes> DerivePayloadKey(AgeFile& file, const SecretBytes& file_key) {
  std::array<std::byte, kPayloadNonceBytes> nonce;
  if (TRY(ReadFull(file.payload(), nonce)) < nonce.size()) {
    return Error{Code::kHeader, "the file ends before its payload's nonce", "", ""};
  }
  return crypto::HkdfSha256(file_key.Expose(), nonce, AsBytes("payload"));
}

Result<SecretBytes> VerifiedFileKey(AgeFile& file, std::span<const IdentityPtr> identities,
                                    std::vector<Error>& warnings) {
  TRY(InitCrypto());
  auto file_key = TRY(UnwrapFileKey(file.header(), identities, warnings));
  TRY(VerifyMac(file.header(), file.header_text(), file_key));
  return file_key;
}

}  // namespace

Result<SecretBytes> OpenPayloadKey(AgeFile& file, std::span<const IdentityPtr> identities,
                                   std::vector<Error>& warnings) {
  const auto file_key = TRY(VerifiedFileKey(file, identities, warnings));
  return DerivePayloadKey(file, file_key);
}

struct Decryption::State {
  std::unique_ptr<AgeFile> file;
  SecretBytes file_key;
  StreamReader stream;
  std::vector<Error> warnings;
};

Decryption::Decryption(std::unique_ptr<State> state) noexcept : state_(std::move(state)) {}
Decryption::Decryption(Decryption&&) noexcept = default;
Decryption& Decryption::operator=(Decryption&&) noexcept = default;
Decryption::~Decryption() = default;

Result<Decryption> Decryption::Open(ByteSource& in, std::span<const IdentityPtr> identities) {
  auto file = TRY(AgeFile::Open(in));
  std::vector<Error> warnings;
  auto file_key = TRY(VerifiedFileKey(*file, identities, warnings));
  const auto payload_key = TRY(DerivePayloadKey(*file, file_key));
  auto stream = TRY(StreamReader::Make(file->payload(), payload_key));
  return Decryption(std::unique_ptr<State>(
      new State{std::move(file), std::move(file_key), std::move(stream), std::move(warnings)}));
}

Result<ByteView> Decryption::Next() { return state_->stream.Next(); }

const std::vector<Error>& Decryption::warnings() const noexcept { return state_->warnings; }

bool Decryption::armored() const noexcept { return state_->file->armored(); }

Result<bool> Decryption::IsMarkedFor(std::span<const RecipientPtr> recipients) const {
  return HasRecipientsMark(state_->file->header().stanzas, state_->file_key, recipients);
}

Result<SecretBytes> Decryption::ReadAll(size_t max_size) {
  SecretBuilder plaintext;
  while (true) {
    const ByteView chunk = TRY(Next());
    if (chunk.empty()) return plaintext.Finish();
    if (chunk.size() > max_size - plaintext.size()) {
      return Error{Code::kTooLarge,
                   "the plaintext is larger than " + std::to_string(max_size) + " bytes", "", ""};
    }
    plaintext.Append(chunk);
  }
}

Result<SecretBytes> DecryptAll(ByteSource& in, std::span<const IdentityPtr> identities,
                               size_t max_size) {
  auto decryption = TRY(Decryption::Open(in, identities));
  return decryption.ReadAll(max_size);
}

}  // namespace secretfs::age
