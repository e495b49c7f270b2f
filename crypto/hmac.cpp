#include "crypto/hmac.h"

#include "crypto/init.h"
#include "crypto/openssl_ptr.h"

namespace secretfs::crypto {
namespace {

const char* NameOf(Hash hash) {
  switch (hash) {
    case Hash::kSha1:
      return "SHA1";
    case Hash::kSha256:
      return "SHA256";
    case Hash::kSha512:
      return "SHA512";
  }
  return "";
}

}  // namespace

Result<SecretBytes> Hmac(Hash hash, ByteView key, ByteView message) {
  TRY(InitCrypto());
  const OpenSslCalls calls;
  return SecretBytes::Make(EVP_MAX_MD_SIZE, [&](ByteSpan out) -> Result<size_t> {
    static constexpr unsigned char kNothing = 0;  // OpenSSL takes a null key for none
    size_t size = 0;
    const auto* done = EVP_Q_mac(nullptr, "HMAC", nullptr, NameOf(hash), nullptr,
                                 key.empty() ? &kNothing : AsUnsigned(key), key.size(),
                                 message.empty() ? &kNothing : AsUnsigned(message), message.size(),
                                 AsUnsigned(out), out.size(), &size);
    TRY(calls.CheckMemory());
    if (done == nullptr) return Error{Code::kResource, "OpenSSL cannot compute an HMAC", "", ""};
    return size;
  });
}

}  // namespace secretfs::crypto
