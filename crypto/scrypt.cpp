#include "crypto/scrypt.h"

#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <mutex>

#include "crypto/hkdf.h"
#include "crypto/init.h"
#include "crypto/unwrap.h"

namespace secretfs::age {
namespace {

constexpr std::string_view kType = "scrypt";
constexpr std::string_view kLabel = "age-encryption.org/v1/scrypt";
constexpr size_t kSaltBytes = 16;
constexpr size_t kWrapKeyBytes = 32;
constexpr uint32_t kBlockSize = 8;
constexpr uint32_t kParallelism = 1;

/// ^[1-9][0-9]*$ of at most two digits: no factor that anyone can compute is longer.
Result<int> ParseWorkFactor(const Stanza& stanza, const std::string& text) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (text.empty() || text.front() == '0' || !std::all_of(text.begin(), text.end(), is_digit)) {
    return StanzaError(stanza, "the work factor is not a decimal number");
  }
  int factor = kHighestWorkFactor + 1;
  if (text.size() <= 2) std::from_chars(text.data(), text.data() + text.size(), factor);
  if (factor > kHighestWorkFactor) return StanzaError(stanza, "the work factor is above 22");
  return factor;
}

class PassphraseIdentity final : public Identity {
 public:
  PassphraseIdentity(SecretBytes passphrase, int max_work_factor)
      : passphrase_(std::move(passphrase)), max_work_factor_(max_work_factor) {}

  [[nodiscard]] Result<SecretBytes> Unwrap(std::span<const Stanza> stanzas) const override {
    return UnwrapFirst(stanzas, kType, [this](const Stanza& stanza) { return UnwrapOne(stanza); });
  }

  [[nodiscard]] std::string Describe() const override { return "scrypt passphrase"; }

 private:
  [[nodiscard]] Result<SecretBytes> UnwrapOne(const Stanza& stanza) const {
    TRY(RequireArguments(stanza, 2));
    const Bytes salt = TRY(DecodeArgument(stanza, 0, kSaltBytes));
    const int work_factor = TRY(ParseWorkFactor(stanza, stanza.args[1]));
    if (work_factor > max_work_factor_) {
      return Error{Code::kTooLarge,
                   "the passphrase has work factor " + std::to_string(work_factor) +
                       ", above the limit of " + std::to_string(max_work_factor_),
                   "", "raise the limit, or encrypt the file again with a lower work factor"};
    }
    TRY(RequireFileKeyBody(stanza));
    const auto wrap_key = TRY(DeriveWrapKey(salt, work_factor));
    auto file_key = OpenFileKey(stanza, wrap_key);
    if (!file_key && file_key.error().code == Code::kNoMatch) {
      file_key.error().what = "wrong passphrase";
    }
    return file_key;
  }

  [[nodiscard]] Result<SecretBytes> DeriveWrapKey(ByteView salt, int work_factor) const {
    const std::string labelled_salt = std::string(kLabel).append(AsText(salt));
    return SecretBytes::Make(kWrapKeyBytes, [&](ByteSpan out) -> Result<size_t> {
      const std::lock_guard one_at_a_time(memory_);
      const ByteView passphrase = passphrase_.Expose();
      if (crypto_pwhash_scryptsalsa208sha256_ll(
              reinterpret_cast<const uint8_t*>(passphrase.data()), passphrase.size(),
              reinterpret_cast<const uint8_t*>(labelled_salt.data()), labelled_salt.size(),
              uint64_t{1} << work_factor, kBlockSize, kParallelism,
              reinterpret_cast<uint8_t*>(out.data()), out.size()) != 0) {
        return Error{
            Code::kResource, "not enough memory for scrypt", "",
            "a work factor of N takes 2^N KiB; this file has " + std::to_string(work_factor)};
      }
      return kWrapKeyBytes;
    });
  }

  SecretBytes passphrase_;
  int max_work_factor_;
  mutable std::mutex memory_;  // scrypt takes so much that several at once could exhaust a machine
};

}  // namespace

Result<IdentityPtr> MakePassphraseIdentity(SecretBytes passphrase, int max_work_factor) {
  TRY(InitCrypto());
  if (passphrase.empty()) return Error{Code::kInvalid, "the passphrase is empty", "", ""};
  if (max_work_factor < 1 || max_work_factor > kHighestWorkFactor) {
    return Error{Code::kInvalid, "the limit of the work factor is not between 1 and 22", "", ""};
  }
  return IdentityPtr(std::make_shared<PassphraseIdentity>(std::move(passphrase), max_work_factor));
}

}  // namespace secretfs::age
