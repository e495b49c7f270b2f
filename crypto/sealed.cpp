#include "crypto/sealed.h"

#include <sodium.h>

#include <algorithm>
#include <cstdlib>
#include <string_view>

#include "crypto/init.h"
#include "crypto/random.h"

namespace secretfs::crypto {
namespace {

constexpr std::string_view kHead = "secretfs sealed 1\n";
constexpr size_t kNonceBytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr size_t kTagBytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr size_t kStackUsed = 2048;  // more than libsodium takes

static_assert(kSealedKeyBytes == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);
static_assert(kSealedOverhead == kHead.size() + kNonceBytes + kTagBytes);

Bytes Authenticated(ByteView meant_for) {
  const ByteView head = AsBytes(kHead);
  Bytes all(head.begin(), head.end());
  all.insert(all.end(), meant_for.begin(), meant_for.end());
  return all;
}

Status Prepare(ByteView key) {
  if (key.size() != kSealedKeyBytes) std::abort();
  return InitCrypto();
}

}  // namespace

Result<Bytes> Seal(ByteView key, ByteView meant_for, ByteView plain) {
  TRY(Prepare(key));
  Bytes sealed(plain.size() + kSealedOverhead);
  const ByteSpan out(sealed);
  std::ranges::copy(AsBytes(kHead), out.begin());
  const ByteSpan nonce = out.subspan(kHead.size(), kNonceBytes);
  FillRandom(nonce);
  const Bytes authenticated = Authenticated(meant_for);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      AsUnsigned(out.subspan(kHead.size() + kNonceBytes)), nullptr, AsUnsigned(plain), plain.size(),
      AsUnsigned(ByteView(authenticated)), authenticated.size(), nullptr, AsUnsigned(nonce),
      AsUnsigned(key));
  sodium_stackzero(kStackUsed);
  return sealed;
}

Result<SecretBytes> Open(ByteView key, ByteView meant_for, ByteView sealed) {
  TRY(Prepare(key));
  const ByteView head = AsBytes(kHead);
  if (sealed.size() < kSealedOverhead || !std::ranges::equal(sealed.first(head.size()), head)) {
    return Error{Code::kInvalid, "is not of a format that this version reads", "", ""};
  }
  const ByteView nonce = sealed.subspan(head.size(), kNonceBytes);
  const ByteView text = sealed.subspan(head.size() + kNonceBytes);
  const Bytes authenticated = Authenticated(meant_for);
  return SecretBytes::Make(text.size() - kTagBytes, [&](ByteSpan out) -> Result<size_t> {
    const int opened = crypto_aead_xchacha20poly1305_ietf_decrypt(
        AsUnsigned(out), nullptr, nullptr, AsUnsigned(text), text.size(),
        AsUnsigned(ByteView(authenticated)), authenticated.size(), AsUnsigned(nonce),
        AsUnsigned(key));
    sodium_stackzero(kStackUsed);
    if (opened == 0) return out.size();
    return Error{Code::kMac, "was altered, or sealed by another key or for something else", "", ""};
  });
}

}  // namespace secretfs::crypto
