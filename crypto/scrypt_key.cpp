#include "crypto/scrypt_key.h"

#include <sodium.h>

#include <algorithm>
#include <string>
#include <utility>

namespace secretfs::age {
namespace {

constexpr std::string_view kLabel = "age-encryption.org/v1/scrypt";
constexpr size_t kWrapKeyBytes = 32;
constexpr uint32_t kBlockSize = 8;
constexpr uint32_t kParallelism = 1;

}  // namespace

Result<SecretBytes> DeriveScryptKey(ByteView passphrase, ByteView salt, int work_factor) {
  const std::string labelled_salt = std::string(kLabel).append(AsText(salt));
  return SecretBytes::Make(kWrapKeyBytes, [&](ByteSpan out) -> Result<size_t> {
    if (crypto_pwhash_scryptsalsa208sha256_ll(
            AsUnsigned(passphrase), passphrase.size(), AsUnsigned(AsBytes(labelled_salt)),
            labelled_salt.size(), uint64_t{1} << work_factor, kBlockSize, kParallelism,
            AsUnsigned(out), out.size()) != 0) {
      return Error{
          Code::kResource, "not enough memory for scrypt", "",
          "a work factor of N takes 2^N KiB; this file has " + std::to_string(work_factor)};
    }
    return kWrapKeyBytes;
  });
}

Result<SecretPtr> ScryptKeys::Get(const SecretPtr& passphrase, ByteView salt, int work_factor) {
  if (auto key = Find(passphrase, salt, work_factor)) return *std::move(key);
  const std::lock_guard one_at_a_time(deriving_);
  // Another thread may have made it in the meantime.
  if (auto key = Find(passphrase, salt, work_factor)) return *std::move(key);
  auto key = std::make_shared<const SecretBytes>(
      TRY(DeriveScryptKey(passphrase->Expose(), salt, work_factor)));
  const std::lock_guard lock(mutex_);
  if (made_.size() == kMostKeys) made_.pop_front();
  made_.push_back({passphrase, Bytes(salt.begin(), salt.end()), work_factor, key});
  return SecretPtr(std::move(key));
}

std::optional<SecretPtr> ScryptKeys::Find(const SecretPtr& passphrase, ByteView salt,
                                          int work_factor) {
  const std::lock_guard lock(mutex_);
  const auto at = std::ranges::find_if(made_, [&](const Made& made) {
    return made.work_factor == work_factor && std::ranges::equal(made.salt, salt) &&
           ConstantTimeEqual(made.passphrase->Expose(), passphrase->Expose());
  });
  if (at == made_.end()) return std::nullopt;
  return at->key;
}

}  // namespace secretfs::age
